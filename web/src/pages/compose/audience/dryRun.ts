/** Whom the draft as it stands on the screen would reach at this moment. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, data, sending } from "../../../api/client";
import { type Fault, Refused } from "../../../api/problem";
import type { DryRun, Manuscript } from "../../../api/types";
import { useDraft } from "../draft";
import { useHour } from "../send/hour";
import { faultsOf, useSettled } from "../validation";
import { weight } from "../weight";
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
        // What activity feeds do not show, the server refuses there.
        body: manuscript.channel === "feed" ? "" : "…",
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

/** What is wrong with the hour alone: it keeps nobody from being counted. */
function faultsOfHour(error: unknown): Fault[] {
    return error instanceof Refused && error.code === "invalid" ? faultsOf(error.faults, "schedule") : [];
}

export interface Counted {
    run: DryRun | undefined;
    /** It is of what was chosen before. */
    isOld: boolean;
    isNobody: boolean;
    /** What is wrong with the audience. */
    faults: Fault[];
    /** What is wrong with the hour; whom it reaches is counted all the same. */
    ofHour: Fault[];
    /** What went wrong beside the audience itself. */
    error: unknown;
    again(): Promise<DryRun | undefined>;
}

/** `ofHour`: what is wrong with the hour; it is counted as if it were to start at once then. */
type Counting = { run: DryRun; ofHour: Fault[] };

/**
 * A short name of what is asked. A long list would be a long one, and is read once: the draft keeps the same object until it
 * is changed.
 */
function nameOf({ audience, ...rest }: Manuscript): string {
    return `${JSON.stringify(rest)} ${audience ? nameOfAudience(audience) : ""}`;
}

const names = new WeakMap<object, string>();

function nameOfAudience(audience: object): string {
    const known = names.get(audience);
    if (known !== undefined) return known;
    const name = digest(JSON.stringify(audience));
    names.set(audience, name);
    return name;
}

/** `people`: how many of each kind are told by name. */
export const dryRun = (manuscript: Manuscript, people = 20) => ({
    queryKey: ["dry-run", people, nameOf(manuscript)] as const,
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Counting> => {
        const count = (body: Manuscript) =>
            data(
                api.POST("/api/v1/broadcasts/dry-run", {
                    params: { query: { people } },
                    body,
                    signal,
                    ...sending(weight(body)),
                }),
            ) as Promise<DryRun>;
        try {
            return { run: await count(manuscript), ofHour: [] };
        } catch (error) {
            const ofHour = faultsOfHour(error);
            if (ofHour.length === 0) throw error;
            return { run: await count({ ...manuscript, schedule: null }), ofHour };
        }
    },
    staleTime: 60_000,
    gcTime: 120_000,
});

/** What is asked when the open draft is counted. */
export function useCountedManuscript(): Manuscript {
    const { manuscript, faults } = useDraft();
    const hour = useHour();
    const isHourSound = faults("schedule").length === 0 && faults("deadline").length === 0 && !hour?.isPast;
    return useMemo(() => counted(manuscript, isHourSound), [manuscript, isHourSound]);
}

/** Nobody is chosen, and it goes nowhere else. */
const isForNobody = (manuscript: Manuscript) =>
    isNobody(manuscript) && manuscript.channel !== "team_channel" && !manuscript.feed?.all_members;

export function useDryRun(): Counted {
    const { manuscript } = useDraft();
    const subject = useCountedManuscript();
    const asked = useSettled(subject, QUIET);
    const nobody = isForNobody(manuscript);
    const query = useQuery({
        ...useMemo(() => dryRun(asked), [asked]),
        enabled: !nobody && !isForNobody(asked),
        placeholderData: keepPreviousData,
    });
    const isAsking = query.isFetching || nameOf(asked) !== nameOf(subject);
    const refusal = query.error instanceof Refused && query.error.code === "invalid" ? query.error : undefined;
    const isTold = !nobody && !isAsking;
    return {
        run: nobody ? undefined : query.data?.run,
        isOld: isAsking,
        isNobody: nobody,
        faults: isTold ? (refusal?.faults ?? []) : [],
        ofHour: isTold && subject.schedule ? (query.data?.ofHour ?? []) : [],
        error: nobody || refusal ? undefined : query.error,
        again: async () => (await query.refetch()).data?.run,
    };
}
