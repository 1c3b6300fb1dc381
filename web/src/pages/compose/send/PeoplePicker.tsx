/** A few people, found by name or typed as addresses. */

import {
    Field,
    makeStyles,
    Tag,
    TagPicker,
    TagPickerControl,
    TagPickerGroup,
    TagPickerInput,
    TagPickerList,
    TagPickerOption,
    tokens,
} from "@fluentui/react-components";
import { PersonRegular } from "@fluentui/react-icons";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Person } from "../../../api/types";
import { useFound } from "../audience/found";

const useStyles = makeStyles({
    quiet: { padding: tokens.spacingHorizontalS, color: tokens.colorNeutralForeground3 },
});

export type Chosen = Pick<Person, "user_principal_name" | "display_name">;

type Props = { label: string; hint?: string; people: Chosen[]; max: number; onChange(people: Chosen[]): void };

export function PeoplePicker({ label, hint, people, max, onChange }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const [typed, setTyped] = useState("");
    const { found, isSearching } = useFound(typed);
    const isChosen = (name: string) => people.some((it) => it.user_principal_name === name);
    const offered = (found?.people ?? []).filter((it) => !isChosen(it.user_principal_name));
    const isFull = people.length >= max;

    const select = (name: string) => {
        setTyped("");
        const person = found?.people.find((it) => it.user_principal_name === name);
        if (isChosen(name)) onChange(people.filter((it) => it.user_principal_name !== name));
        else if (person && !isFull) onChange([...people, person]);
    };
    return (
        <Field label={label} hint={hint}>
            <TagPicker
                inline
                selectedOptions={people.map((it) => it.user_principal_name)}
                onOptionSelect={(_, { value }) => select(value)}
            >
                <TagPickerControl>
                    {people.length > 0 && (
                        <TagPickerGroup aria-label={label}>
                            {people.map((it) => (
                                <Tag
                                    key={it.user_principal_name}
                                    value={it.user_principal_name}
                                    media={<PersonRegular />}
                                >
                                    {it.display_name}
                                </Tag>
                            ))}
                        </TagPickerGroup>
                    )}
                    {/* Whoever opens it begins to type. */}
                    <TagPickerInput
                        autoFocus
                        value={typed}
                        onChange={(event) => setTyped(event.target.value)}
                        placeholder={people.length === 0 ? t("send.try.search") : undefined}
                    />
                </TagPickerControl>
                <TagPickerList style={{ zIndex: 2 }}>
                    {!isFull &&
                        offered.map((it) => (
                            <TagPickerOption
                                key={it.user_principal_name}
                                value={it.user_principal_name}
                                text={it.display_name}
                                secondaryContent={it.user_principal_name}
                                media={<PersonRegular />}
                            >
                                {it.display_name}
                            </TagPickerOption>
                        ))}
                    {(isFull || offered.length === 0) && (
                        <div className={styles.quiet}>
                            {isFull
                                ? t("send.try.full", { count: max })
                                : isSearching
                                  ? t("audience.searching")
                                  : typed.trim() === ""
                                    ? t("send.try.search")
                                    : t("audience.nothing_found")}
                        </div>
                    )}
                </TagPickerList>
            </TagPicker>
        </Field>
    );
}
