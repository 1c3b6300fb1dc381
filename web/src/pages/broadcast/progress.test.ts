import { expect, test } from "vitest";
import type { BroadcastReport, Progress, QuotaReport, RoundReport, Summary } from "../../api/types";
import { missing, OUTCOMES, parts, rate, type Sample, settled, shown, verdict, waiting, withSample } from "./progress";

const none: Progress = { targeted: 0, pending: 0, sent: 0, failed: 0, skipped: 0, unconfirmed: 0, cancelled: 0 };
const some: Progress = { ...none, targeted: 10, pending: 2, sent: 5, failed: 1, skipped: 2 };

test("the parts of a bar are everybody, each once", () => {
    expect(parts(some).reduce((sum, { count }) => sum + count, 0)).toBe(some.targeted);
    expect(parts(some).map(({ outcome }) => outcome)).toEqual(["sent", "failed", "skipped", "pending"]);
    expect(parts(none)).toEqual([{ outcome: "sent", count: 0, share: 0 }]);
    expect(new Set<string>(OUTCOMES)).toEqual(new Set(Object.keys(none).filter((key) => key !== "targeted")));
    expect(settled(some)).toBe(8);
});

test("the verdict tells who can be reached from who was", () => {
    expect(verdict({ ...none, targeted: 3, sent: 3 })).toBe("all_reached");
    expect(verdict({ ...none, targeted: 3, sent: 2, skipped: 1 })).toBe("all_reachable_reached");
    expect(verdict({ ...none, targeted: 3, sent: 2, failed: 1 })).toBe("reached");
    expect(verdict({ ...none, targeted: 3, sent: 2, unconfirmed: 1 })).toBe("reached");
    expect(verdict({ ...none, targeted: 3, failed: 3 })).toBe("none_reached");
    expect(verdict({ ...none, targeted: 3, skipped: 3 })).toBe("none_reached");
    expect(verdict(none)).toBe("none_reached");
});

test("a recall under way shows its own counts, a retry those of the broadcast", () => {
    const round = (kind: RoundReport["kind"], state: RoundReport["state"]) =>
        ({ kind, state, progress: { ...none, targeted: 5, pending: 5 } }) as RoundReport;
    const report = (...rounds: RoundReport[]) => ({ progress: some, rounds }) as BroadcastReport;
    expect(shown(report(round("send", "running")))).toBe(some);
    expect(shown(report(round("send", "done"), round("retry", "running")))).toBe(some);
    expect(shown(report(round("send", "done"), round("recall", "running"))).targeted).toBe(5);
    expect(shown(report(round("send", "done"), round("recall", "done")))).toBe(some);
});

test("reasons tell first of those who failed, then of those in doubt, then of those left out", () => {
    const reason = (settlement: string, code: string, count: number) => ({ settlement, code, count });
    const by_reason = [
        reason("skipped", "guest", 9),
        reason("cancelled", "cancelled", 4),
        reason("unconfirmed", "answer_lost", 1),
        reason("failed", "blocked_by_user", 2),
        reason("failed", "no_licence", 3),
    ];
    expect(missing({ by_reason } as unknown as Summary).map(({ code }) => code)).toEqual([
        "no_licence",
        "blocked_by_user",
        "answer_lost",
        "guest",
    ]);
});

test("the speed is told once it is known, and forgets what was before", () => {
    let samples: Sample[] = [];
    expect(rate(samples)).toBeUndefined();
    for (let second = 0; second <= 30; second++)
        samples = withSample(samples, { at: second * 1000, settled: second * 40 });
    expect(rate(samples)).toBe(40);
    expect(samples[0]?.at).toBe(15_000);
    samples = withSample(samples, { at: 31_000, settled: 3 });
    expect(rate(samples)).toBeUndefined();
});

test("one sentence tells what Teams asked of us, by the quotas that matter", () => {
    const quota = (bucket: string, share: number, rests_until: string | null = null) =>
        ({ bucket, share, rests_until }) as QuotaReport;
    expect(waiting([quota("send", 1), quota("check", 0.95)], ["send", "check"])).toBeUndefined();
    expect(waiting([quota("send", 0.52), quota("check", 0.8)], ["send", "check"])).toEqual({ share: 0.5 });
    expect(waiting([quota("send", 1), quota("notify", 0.1)], ["send"])).toBeUndefined();
    const [early, late] = ["2026-11-27T10:00:00Z", "2026-11-27T10:01:00Z"];
    expect(waiting([quota("send", 0.5, early), quota("check", 1, late)], ["send", "check"])?.until).toBe(late);
});
