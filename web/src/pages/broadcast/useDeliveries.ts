/** One page of the people of a broadcast, by what the address of the page asks for. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLocation, useSearchParams } from "react-router";
import { api, data } from "../../api/client";
import { keys } from "../../api/queries";
import type { Delivery, Reason, RoundKind, StateWord } from "../../api/types";

export const LIMIT = 50;
const NAMES = ["state", "reason", "search", "kind", "channel", "after"] as const;
type Name = (typeof NAMES)[number];

export type Wanted = Partial<Record<Name, string>>;

/** What the address asks for, and a way to ask for something else. A filter begins at the first page. */
export function useWanted() {
    const [params, setParams] = useSearchParams();
    const { state } = useLocation();
    // The pages before this one, so that there is a way back: a cursor only knows what comes next.
    const trail: string[] = Array.isArray((state as { trail?: unknown } | null)?.trail) ? state.trail : [];
    const wanted: Wanted = {};
    for (const name of NAMES) {
        const value = params.get(name);
        if (value) wanted[name] = value;
    }
    const put = (next: Wanted, options: { replace?: boolean; trail?: string[] } = {}) => {
        const given = Object.entries(next).filter(([, value]) => value) as [string, string][];
        setParams(given, {
            replace: options.replace ?? false,
            state: options.trail ? { trail: options.trail } : null,
            preventScrollReset: true,
        });
    };
    return {
        wanted,
        /** The number of this page, when it was reached from the first one. */
        page: wanted.after && trail.length === 0 ? undefined : trail.length + 1,
        filter: (patch: Wanted, replace = false) => put({ ...wanted, ...patch, after: undefined }, { replace }),
        next: (after: string) => put({ ...wanted, after }, { trail: [...trail, wanted.after ?? ""] }),
        previous: () => put({ ...wanted, after: trail.at(-1) || undefined }, { trail: trail.slice(0, -1) }),
    };
}

export function useDeliveries(id: string, wanted: Wanted, isGoing: boolean) {
    return useQuery({
        queryKey: keys.deliveries(id, wanted),
        placeholderData: keepPreviousData,
        // Whoever looks on sees people move, at a reader's pace.
        refetchInterval: isGoing ? 5_000 : false,
        queryFn: ({ signal }) => {
            const query = {
                ...wanted,
                state: wanted.state as StateWord | undefined,
                reason: wanted.reason as Reason | undefined,
                kind: wanted.kind as RoundKind | undefined,
                channel: wanted.channel as Delivery["channel"] | undefined,
                limit: LIMIT,
            };
            return data(api.GET("/api/v1/broadcasts/{id}/deliveries", { params: { path: { id }, query }, signal }));
        },
    });
}
