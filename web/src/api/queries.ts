/** The names under which answers are kept, and how often they are asked for anew. Pages add their own queries beside them. */

import { QueryClient, queryOptions } from "@tanstack/react-query";
import { api, data, proveBy } from "./client";
import { isPassing } from "./problem";

export const keys = {
    me: () => ["me"] as const,
    broadcasts: (filter?: object) => (filter ? (["broadcasts", filter] as const) : (["broadcasts"] as const)),
    broadcast: (id: string) => ["broadcast", id] as const,
    deliveries: (id: string, filter?: object) =>
        filter ? (["deliveries", id, filter] as const) : (["deliveries", id] as const),
    audiences: () => ["audiences"] as const,
    directory: () => ["directory"] as const,
};

/** Seconds between two questions, longer each time, until the server is there again. */
const backoff = (attempt: number) => Math.min(1000 * 2 ** attempt, 15_000);

export function queryClient(): QueryClient {
    return new QueryClient({
        defaultOptions: {
            queries: { staleTime: 5_000, retry: (count, error) => isPassing(error) && count < 30, retryDelay: backoff },
            // A change is repeated only by whoever gave it an intention's name, and a person looks on.
            mutations: { retry: false },
        },
    });
}

/** Who is signed in. */
export const me = queryOptions({
    queryKey: keys.me(),
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
        const me = await data(api.GET("/api/v1/me", { signal }));
        proveBy(me.session?.csrf_token);
        return me;
    },
});

/** One draft or broadcast. */
export const broadcast = (id: string) =>
    queryOptions({
        queryKey: keys.broadcast(id),
        queryFn: ({ signal }) => data(api.GET("/api/v1/broadcasts/{id}", { params: { path: { id } }, signal })),
    });
