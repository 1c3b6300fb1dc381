/** What can be chosen: people, groups and teams by the beginning of a name, saved audiences, what the directory says. */

import { keepPreviousData, queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { api, data } from "../../../api/client";
import { keys } from "../../../api/queries";
import type { components } from "../../../api/schema";
import { useSettled } from "../validation";
import { ATTRIBUTES, type Attribute } from "./expression";
import { remember } from "./names";

export const saved = queryOptions({
    queryKey: keys.audiences(),
    staleTime: 30_000,
    queryFn: ({ signal }) => data(api.GET("/api/v1/audiences", { signal })),
    select: ({ audiences }) => audiences,
});

/** Whoever's name begins with `text`, once nobody types. */
export function useFound(text: string, limit = 8) {
    const wanted = useSettled(text.trim(), 250);
    const query = useQuery({
        queryKey: [...keys.directory(), "search", wanted.toLowerCase(), limit],
        queryFn: async ({ signal }) => {
            const found = await data(
                api.GET("/api/v1/directory/search", { params: { query: { text: wanted, limit } }, signal }),
            );
            remember(found);
            return found;
        },
        enabled: wanted !== "",
        staleTime: 60_000,
        placeholderData: keepPreviousData,
    });
    const isEmpty = text.trim() === "";
    return {
        found: isEmpty ? undefined : query.data,
        error: isEmpty ? null : query.error,
        isSearching: !isEmpty && (query.isFetching || wanted !== text.trim()),
    };
}

export type Value = components["schemas"]["ValueCount"];

const values = (of: Attribute, enabled: boolean) =>
    queryOptions({
        queryKey: [...keys.directory(), "values", of],
        queryFn: ({ signal }) => data(api.GET("/api/v1/directory/values", { params: { query: { of } }, signal })),
        select: ({ values }) => values,
        enabled,
        staleTime: 600_000,
    });

/** What people have in `attribute`, and how many of them; nothing while nobody can tell. */
export function useValues(attribute: Attribute, enabled = true): Value[] {
    return useQuery(values(attribute, enabled)).data ?? [];
}

export function useAllValues(enabled: boolean): { attribute: Attribute; value: Value }[] {
    return useQueries({
        queries: ATTRIBUTES.map((attribute) => values(attribute, enabled)),
        combine: (all) =>
            all.flatMap(({ data }, place) => {
                const attribute = ATTRIBUTES[place];
                return attribute ? (data ?? []).map((value) => ({ attribute, value })) : [];
            }),
    });
}
