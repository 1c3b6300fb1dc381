/** What `stentor doctor` finds: asked for here, examined there in the background, and read while it goes on. */

import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, intention } from "../../api/client";

export type Verdict = "ok" | "not_checked" | "warning" | "failure";
export interface Check {
    name: string;
    promise: string;
    verdict: Verdict;
    remark?: string;
    count: number;
    places: { tenant?: number; round?: string; chunk?: number; ordinal?: number; detail: string }[];
    cure: string;
}
export interface Examination {
    examination: {
        began_at: string;
        ended_at: string | null;
        sound: boolean;
        checks: Check[];
        failure: string | null;
    } | null;
}

const asked = "/api/v1/doctor" as "/api/v1/me";
const begun = "/api/v1/doctor" as "/api/v1/broadcasts/dry-run";

const KEY = ["examination"] as const;

const examination = queryOptions({
    queryKey: KEY,
    queryFn: ({ signal }) => data(api.GET(asked, { signal })) as Promise<unknown> as Promise<Examination>,
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
        mutationFn: () =>
            data(
                api.POST(begun, { params: { header: { "Idempotency-Key": intention() } } } as never),
            ) as Promise<unknown> as Promise<Examination>,
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
