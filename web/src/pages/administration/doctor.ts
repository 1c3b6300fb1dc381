/** What `stentor doctor` finds: asked for here, examined there in the background, and read while it goes on. */

import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, intention } from "../../api/client";
import type { components } from "../../api/schema";

export type Check = components["schemas"]["Check"];
export type Verdict = components["schemas"]["Verdict"];
export type Examination = components["schemas"]["Examination"];

const KEY = ["examination"] as const;

const examination = queryOptions({
    queryKey: KEY,
    queryFn: ({ signal }) => data(api.GET("/api/v1/doctor", { signal })),
    refetchInterval: ({ state }) => (isGoing(state.data) ? 700 : false),
});

function isGoing(known: Examination | undefined): boolean {
    return !!known?.examination && !known.examination.ended_at;
}

/** The last examination, and how to have everything examined anew. */
export function useExamination() {
    const cache = useQueryClient();
    const query = useQuery(examination);
    const begin = useMutation({
        mutationFn: () => data(api.POST("/api/v1/doctor", { params: { header: { "Idempotency-Key": intention() } } })),
        onSuccess: (begun) => {
            cache.setQueryData<Examination>(KEY, { examination: begun.examination });
        },
    });
    return { query, begin, isGoing: begin.isPending || isGoing(query.data) };
}

/** What needs a look comes first; each part in the order in which it was examined. */
export function sorted(checks: Check[]) {
    const of = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict);
    return { failures: of("failure"), warnings: of("warning"), skipped: of("not_checked"), well: of("ok") };
}
