/** Every time zone, found by its city. */

import { Combobox, Field, Option } from "@fluentui/react-components";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { city, here, offsetOf, zones } from "./zone";

/** There are some four hundred; typing a city finds hers. */
const SHOWN = 40;

type Props = { zone: string; isReadOnly: boolean; className?: string; onChange(zone: string): void };

export function ZonePicker({ zone, isReadOnly, className, onChange }: Props) {
    const { t, i18n } = useTranslation();
    const [typed, setTyped] = useState<string>();
    const all = useMemo(() => {
        const now = new Date();
        const named = zones().map((zone) => {
            const offset = offsetOf(zone, now, i18n.language);
            return {
                zone,
                label: `${city(zone)} (${offset})`,
                search: `${zone} ${offset}`.replaceAll("_", " ").toLowerCase(),
            };
        });
        const mine = named.filter((it) => it.zone === here());
        return [...mine, ...named.filter((it) => it.zone !== here())];
    }, [i18n.language]);
    const label = all.find((it) => it.zone === zone)?.label ?? zone;
    const wanted = typed?.trim().toLowerCase() ?? "";
    const fitting = all.filter(({ search }) => search.includes(wanted)).slice(0, SHOWN);
    return (
        <Field label={t("send.when.zone")} className={className}>
            <Combobox
                inlinePopup
                value={typed ?? label}
                selectedOptions={[zone]}
                disabled={isReadOnly}
                onChange={(event) => setTyped(event.target.value)}
                onOptionSelect={(_, { optionValue }) => {
                    // What is typed and is not the beginning of a city yet comes here, too, as choosing none.
                    if (!optionValue) return;
                    setTyped(undefined);
                    onChange(optionValue);
                }}
                onBlur={() => setTyped(undefined)}
                listbox={{ style: { maxHeight: "300px", zIndex: 2 } }}
            >
                {fitting.map((it) => (
                    <Option key={it.zone} value={it.zone} text={it.label}>
                        {it.label}
                    </Option>
                ))}
                {fitting.length === 0 && <div>{t("send.when.no_zone")}</div>}
            </Combobox>
        </Field>
    );
}
