/** What the search of a row of chips offers. */

import { makeStyles, TagPickerOption, TagPickerOptionGroup, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Group, Person } from "../../../api/types";
import { usePeople } from "../../../ui/format";
import { ChipIcon } from "./ChipIcon";
import { type Chip, isSame, writeChip } from "./expression";
import { saved, useAllValues, useFound } from "./found";
import { useChipText } from "./names";
import type { Row } from "./useAudience";

const useStyles = makeStyles({
    quiet: { padding: tokens.spacingHorizontalS, color: tokens.colorNeutralForeground3 },
});

/** What the directory says is offered a few at a time; the dialog has all. */
const VALUES_MAX = 5;

type Offer = { chip: Chip; beside?: string };
type Asked = { row: Row; typed: string; chips: Chip[]; spare: string[]; isOpen: boolean };

export function useOptions({ row, typed, chips, spare, isOpen }: Asked): {
    options: ReactNode;
    find(value: string): Chip | undefined;
} {
    const { t } = useTranslation();
    const styles = useStyles();
    const text = useChipText();
    const people = usePeople();
    const { found, error, isSearching } = useFound(typed);
    const { data: audiences = [] } = useQuery({ ...saved, enabled: isOpen });
    const values = useAllValues(isOpen);

    const wanted = typed.trim().toLowerCase();
    const fits = (name: string) =>
        name
            .toLowerCase()
            .split(/\s+/)
            .concat(name.toLowerCase())
            .some((word) => word.startsWith(wanted));
    const offers: Record<"all" | "saved" | "lists" | "groups" | "people" | "values", Offer[]> = {
        all: row === "include" && fits(t("audience.everybody")) ? [{ chip: { kind: "everyone" } }] : [],
        saved: audiences
            .filter(({ name }) => fits(name))
            .map(({ name, expression }) => ({ chip: { kind: "saved", name }, beside: expression })),
        lists: spare.filter(fits).map((name) => ({ chip: { kind: "list", name } })),
        groups: (found?.groups ?? []).map((group, _, all) => ofGroup(group, all, t("audience.hidden"))),
        people: (found?.people ?? []).map(ofPerson),
        values: wanted
            ? values
                  .filter(({ value }) => fits(value.value))
                  .slice(0, VALUES_MAX)
                  .map(({ attribute, value }) => ({
                      chip: { kind: "attribute", attribute, test: "is", value: value.value },
                      beside: people(value.people),
                  }))
            : [],
    };
    const isNew = ({ chip }: Offer) => !chips.some((chosen) => isSame(chip, chosen));
    const all = Object.values(offers).flat();
    const label = (chip: Chip) =>
        chip.kind === "person"
            ? (found?.people.find((it) => it.user_principal_name === chip.name)?.display_name ?? "")
            : chip.kind === "group" || chip.kind === "team"
              ? (found?.groups.find((it) => it.id === chip.name)?.name ?? chip.name)
              : text(chip);
    const group = (name: keyof typeof offers) => {
        const offered = offers[name].filter(isNew);
        if (offered.length === 0) return null;
        return (
            <TagPickerOptionGroup key={name} label={t(`audience.offer.${name}`)}>
                {offered.map(({ chip, beside }) => (
                    <TagPickerOption
                        key={writeChip(chip)}
                        value={writeChip(chip)}
                        text={label(chip)}
                        media={<ChipIcon kind={chip.kind} />}
                        secondaryContent={beside}
                    >
                        {label(chip)}
                    </TagPickerOption>
                ))}
            </TagPickerOptionGroup>
        );
    };
    const isNothing = wanted !== "" && !isSearching && !all.some(isNew);
    const options = (
        <>
            {group("all")}
            {group("saved")}
            {group("lists")}
            {group("values")}
            {group("groups")}
            {group("people")}
            {isNothing && <div className={styles.quiet}>{t("audience.nothing_found")}</div>}
            {isSearching && <div className={styles.quiet}>{t("audience.searching")}</div>}
            {(error || found?.groups_failure) && <div className={styles.quiet}>{t("audience.search_failed")}</div>}
            {/* Not before the answer: what stands first is what Enter takes. */}
            {!isSearching && (
                <TagPickerOption value="rule" text={typed} media={<ChipIcon kind="attribute" />}>
                    {wanted ? t("audience.rule.of_typed", { value: typed.trim() }) : t("audience.rule.open")}
                </TagPickerOption>
            )}
        </>
    );
    return { options, find: (value) => all.find(({ chip }) => writeChip(chip) === value)?.chip };
}

/** By name, as a reader of the words expects; by id where the name is another group's, too. */
function ofGroup(group: Group, all: Group[], hidden: string): Offer {
    const isAmbiguous = all.filter(({ name }) => name.toLowerCase() === group.name.toLowerCase()).length > 1;
    return {
        chip: { kind: group.team ? "team" : "group", name: isAmbiguous ? group.id : group.name },
        beside: group.hidden ? hidden : undefined,
    };
}

function ofPerson(person: Person): Offer {
    const { department, country } = person.attributes;
    const place = [department, country].filter(Boolean).join(", ");
    return {
        chip: { kind: "person", name: person.user_principal_name },
        beside: place ? `${person.user_principal_name} · ${place}` : person.user_principal_name,
    };
}
