/** What chips are called on the screen: expressions name people by address, and groups sometimes by id. */

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, data } from "../../../api/client";
import { keys } from "../../../api/queries";
import type { DirectoryFound } from "../../../api/types";
import type { Chip } from "./expression";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Names that were seen in answers, by address or id in small letters. */
const seen = new Map<string, string>();

export function remember(found: DirectoryFound) {
    for (const person of found.people) {
        seen.set(person.user_principal_name.toLowerCase(), person.display_name);
        seen.set(person.entra_id, person.display_name);
    }
    for (const group of found.groups) seen.set(group.id, group.name);
}

async function find(key: string, signal: AbortSignal): Promise<string> {
    if (UUID.test(key)) {
        const { groups } = await data(api.GET("/api/v1/groups", { signal }));
        return groups.find(({ id }) => id === key)?.name ?? key;
    }
    const query = { text: key, limit: 1 };
    const found = await data(api.GET("/api/v1/directory/search", { params: { query }, signal }));
    remember(found);
    return seen.get(key) ?? key;
}

/** The name of a person or group that an expression names by `name`. */
function useNameOf(chip: Chip): string | undefined {
    const isOpaque =
        chip.kind === "person" || ((chip.kind === "group" || chip.kind === "team") && UUID.test(chip.name));
    const key = isOpaque ? chip.name.toLowerCase() : "";
    const isAsked = isOpaque && !seen.has(key) && !(chip.kind === "person" && UUID.test(key));
    const { data: told } = useQuery({
        queryKey: [...keys.directory(), "name", key],
        queryFn: ({ signal }) => find(key, signal),
        enabled: isAsked,
        staleTime: Number.POSITIVE_INFINITY,
        retry: false,
    });
    return seen.get(key) ?? told;
}

/** A chip in a few words, without its kind. */
export function useChipText(): (chip: Chip) => string {
    const { t } = useTranslation();
    return (chip) => {
        switch (chip.kind) {
            case "everyone":
                return t("audience.everybody");
            case "attribute": {
                const attribute = t(`audience.attribute.${chip.attribute}`);
                if (chip.value === "") return t("audience.rule.none", { attribute });
                return t(`audience.rule.chip_${chip.test}`, { attribute, value: chip.value });
            }
            case "flag":
                return t(`audience.flag.${chip.flag}`);
            case "broadcast":
                return t(`audience.earlier.${chip.standing ?? "all"}`, { id: chip.id });
            default:
                return chip.name;
        }
    };
}

export function useChipName(chip: Chip): string {
    const text = useChipText();
    return useNameOf(chip) ?? text(chip);
}
