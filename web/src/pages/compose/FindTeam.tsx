/** Finds a team by the beginning of its name, for those who do not know how it is written. */

import { Combobox, Field, Option } from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Group } from "../../api/types";
import { useFound } from "./audience/found";

/** As a line of the field names it: by its id where another has its name, and a slash in a name is no channel. */
const asWritten = ({ id, name }: Group, teams: Group[]) =>
    teams.some((other) => other.id !== id && other.name.toLowerCase() === name.toLowerCase())
        ? id
        : name.replaceAll("/", "\\/");

export function FindTeam({ onFound }: { onFound(name: string): void }) {
    const { t } = useTranslation();
    const [typed, setTyped] = useState("");
    const [isOpen, setOpen] = useState(false);
    const { found, error, isSearching } = useFound(typed, 20);
    const teams = (found?.groups ?? []).filter(({ team }) => team);
    const isFailed = error || found?.groups_failure;
    const none = isSearching
        ? t("audience.searching")
        : isFailed
          ? t("compose.channel.search_failed")
          : t(typed.trim() === "" ? "send.try.search" : "compose.channel.no_team");
    return (
        <Field label={t("compose.channel.find")}>
            <Combobox
                freeform
                inlinePopup
                placeholder={t("send.try.search")}
                value={typed}
                selectedOptions={[]}
                open={isOpen}
                onOpenChange={(_, { open }) => setOpen(open)}
                onChange={({ target }) => {
                    setTyped(target.value);
                    setOpen(true);
                }}
                onOptionSelect={(_, { optionValue }) => {
                    setTyped("");
                    const found = teams.find(({ id }) => id === optionValue);
                    if (found) onFound(asWritten(found, teams));
                }}
                listbox={{ style: { maxHeight: "300px", zIndex: 2 } }}
            >
                {teams.map(({ id, name }) => (
                    <Option key={id} value={id}>
                        {name}
                    </Option>
                ))}
                {teams.length === 0 && <div>{none}</div>}
            </Combobox>
        </Field>
    );
}
