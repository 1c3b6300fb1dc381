/** What the counts of a broadcast mean together. */

import type {
    BroadcastDocument,
    BroadcastReport,
    BroadcastState,
    Progress,
    QuotaReport,
    ReasonCount,
    Summary,
} from "../../api/types";

/** The outcomes in the order in which a bar shows them; together they are everybody, each once. */
export const OUTCOMES = ["sent", "failed", "unconfirmed", "skipped", "cancelled", "pending"] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type Part = { outcome: Outcome; count: number; share: number };

/** Everybody, by outcome. What nobody is in is left out, but for those who were reached. */
export function parts(progress: Progress): Part[] {
    const all = Math.max(progress.targeted, 1);
    return OUTCOMES.map((outcome) => ({ outcome, count: progress[outcome], share: progress[outcome] / all })).filter(
        ({ outcome, count }) => count > 0 || outcome === "sent",
    );
}

export const isOver = (state: BroadcastState): boolean => state === "done" || state === "cancelled";
export const isDraft = (state: BroadcastState): boolean => state === "draft" || state === "awaiting_approval";
/** Its people are being worked through at this moment. */
export const isMoving = (state: BroadcastState): boolean =>
    state === "expanding" || state === "running" || state === "cancelling";

export const settled = (progress: Progress): number => progress.targeted - progress.pending;

/** Rounds that tell people; the others prepare, or set right what was told. */
const TELLING = ["send", "retry"];

/** The round that is under way, if any: the newest that is not done. */
export const roundNow = (report: BroadcastReport) => report.rounds.findLast(({ state }) => state !== "done");

/** The round under way, where it sets something right or prepares; whatever tells people counts with the whole. */
export function roundBeside(report: BroadcastReport) {
    const round = roundNow(report);
    return round && !TELLING.includes(round.kind) ? round : undefined;
}

/** What one bar is to show: that round, else the whole broadcast. */
export const shown = (report: BroadcastReport): Progress => roundBeside(report)?.progress ?? report.progress;

/** The reasons that tell of people who were not reached, the gravest first; cancelling needs no reason. */
export function missing(summary: Summary): ReasonCount[] {
    const order: Record<string, number> = { failed: 0, unconfirmed: 1, skipped: 2 };
    return summary.by_reason
        .filter(({ settlement, count }) => settlement in order && count > 0)
        .sort((a, b) => (order[a.settlement] ?? 9) - (order[b.settlement] ?? 9) || b.count - a.count);
}

/** How well it went, for the sentence above everything. */
export type Verdict = "all_reached" | "all_reachable_reached" | "reached" | "none_reached";

export function verdict(progress: Progress): Verdict {
    if (progress.targeted > 0 && progress.sent === progress.targeted) return "all_reached";
    if (progress.sent > 0 && progress.sent + progress.skipped === progress.targeted) return "all_reachable_reached";
    return progress.sent > 0 ? "reached" : "none_reached";
}

export const may = (document: BroadcastDocument, deed: string): boolean => document.possible.includes(deed);

/** Settled people a second, over the last samples; `undefined` until they say something. */
export type Sample = { at: number; settled: number };
const WINDOW_MS = 15_000;
const LEAST_MS = 3_000;

/** The samples with one more, without those that are too old, or of an earlier count. */
export function withSample(samples: Sample[], sample: Sample): Sample[] {
    const last = samples.at(-1);
    if (last && sample.settled < last.settled) return [sample];
    if (last && sample.at - last.at < 500) return samples;
    return [...samples.filter(({ at }) => sample.at - at <= WINDOW_MS), sample];
}

export function rate(samples: Sample[]): number | undefined {
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || last.at - first.at < LEAST_MS) return undefined;
    return ((last.settled - first.settled) * 1000) / (last.at - first.at);
}

/** Below this share of a quota somebody wonders why it is slow. */
const SLOWED_BELOW = 0.9;

/** What Teams asked of us: to wait until then, or to go at that share of the speed. By the quotas that hold it back. */
export function waiting(quotas: QuotaReport[], limits: string[]): { until?: string; share: number } | undefined {
    const felt = quotas.filter(({ bucket }) => limits.includes(bucket));
    const until = felt
        .flatMap(({ rests_until }) => rests_until ?? [])
        .sort()
        .at(-1);
    const share = Math.min(1, ...felt.map(({ share }) => share));
    if (until) return { until, share };
    // To the nearest five hundredths: it climbs all the time.
    return share < SLOWED_BELOW ? { share: Math.max(0.05, Math.round(share * 20) / 20) } : undefined;
}
