/** Whom the draft as it stands on the screen would reach at this moment. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, data } from "../../../api/client";
import { type Fault, Refused } from "../../../api/problem";
import type { DryRun, Manuscript } from "../../../api/types";
import { useDraft } from "../draft";
import { useSettled } from "../validation";
import { digest } from "./digest";
import { isNobody } from "./useAudience";

/** Somebody who ticks boxes is not asked about between two of them, in milliseconds. */
const QUIET = 500;

/** Whom one must know to count; everything else may be wrong, and does not keep anybody from counting. */
function counted(manuscript: Manuscript, isHourSound: boolean): Manuscript {
    return {
        ...manuscript,
        // Only counted: whether it is sent without these lines is asked beside the count.
        accept_partial: true,
        title: "…",
        body: "…",
        author: null,
        banner: null,
        buttons: [],
        image: null,
        deadline: null,
        tolerance: null,
        expire_after: null,
        tell: null,
        schedule: isHourSound ? manuscript.schedule : null,
    };
}

export interface Counted {
    run: DryRun | undefined;
    /** It is of what was chosen before. */
    isOld: boolean;
    isNobody: boolean;
    faults: Fault[];
    /** What went wrong beside the audience itself. */
    error: unknown;
    again(): Promise<DryRun | undefined>;
}

/** `people`: how many of each kind are told by name. */
export const dryRun = (manuscript: Manuscript, people = 20) => ({
    // A long list would be a long name; the draft keeps the same object until it is changed.
    queryKey: ["dry-run", people, digest(JSON.stringify(manuscript))] as const,
    queryFn: ({ signal }: { signal: AbortSignal }) =>
        data(
            api.POST("/api/v1/broadcasts/dry-run", { params: { query: { people } }, body: manuscript, signal }),
        ) as Promise<DryRun>,
    staleTime: 60_000,
    gcTime: 120_000,
});

/** What is asked when the open draft is counted. */
export function useCountedManuscript(): Manuscript {
    const { manuscript, faults } = useDraft();
    const isHourSound = faults("schedule").length === 0 && faults("deadline").length === 0;
    return useMemo(() => counted(manuscript, isHourSound), [manuscript, isHourSound]);
}

export function useDryRun(): Counted {
    const { manuscript } = useDraft();
    const subject = useCountedManuscript();
    const asked = useSettled(subject, QUIET);
    const nobody = isNobody(manuscript) && manuscript.channel !== "team_channel" && !manuscript.feed?.all_members;
    const query = useQuery({
        ...useMemo(() => dryRun(asked), [asked]),
        enabled: !nobody && !(isNobody(asked) && asked.channel === "chat"),
        placeholderData: keepPreviousData,
    });
    const isAsking = query.isFetching || digest(JSON.stringify(asked)) !== digest(JSON.stringify(subject));
    const refusal = query.error instanceof Refused && query.error.code === "invalid" ? query.error : undefined;
    return {
        run: nobody ? undefined : query.data,
        isOld: isAsking,
        isNobody: nobody,
        faults: nobody || isAsking ? [] : (refusal?.faults ?? []),
        error: nobody || refusal ? undefined : query.error,
        again: async () => (await query.refetch()).data,
    };
}
