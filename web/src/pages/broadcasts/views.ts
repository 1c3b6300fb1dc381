/** The views of the list, and how what is heard of broadcasts that go gets into it. */

import type { BroadcastProgress, BroadcastState, Listed } from "../../api/types";

/** Each view's states; `all` asks for none in particular. */
export const VIEWS = {
    all: [],
    drafts: ["draft"],
    approval: ["awaiting_approval"],
    // One that missed its hour waits for somebody to say so again.
    scheduled: ["scheduled", "missed"],
    going: ["expanding", "running", "paused", "halted", "cancelling"],
    done: ["done", "cancelled"],
} as const satisfies Record<string, readonly BroadcastState[]>;

export type View = keyof typeof VIEWS;

export const viewOf = (word: string | null): View => (word !== null && word in VIEWS ? (word as View) : "all");

export type Page = { broadcasts: Listed[]; next?: string | undefined };
type Answer = { broadcasts: Listed[]; next?: string | null };

/** One page of several answers to the same question, each about another state. Ids are in the order of birth. */
export function joined(answers: Answer[], limit: number): Page {
    const all = answers.flatMap((answer) => answer.broadcasts).sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
    // Nothing is shown beyond the place up to which every answer tells: what is younger might be missing in between.
    const known = answers.flatMap((answer) => (answer.next ? [answer.broadcasts.at(-1)?.id ?? ""] : []));
    const until = known.sort().at(-1) ?? "";
    const broadcasts = all.filter((listed) => listed.id >= until).slice(0, limit);
    const hasMore = known.length > 0 || broadcasts.length < all.length;
    return { broadcasts, next: hasMore ? broadcasts.at(-1)?.id : undefined };
}

/** The pages with what is heard. */
export function withNews(pages: Page[], news: BroadcastProgress[]): Page[] {
    const heard = new Map(news.map((progress) => [progress.id, progress]));
    const renewed = (listed: Listed): Listed => {
        const report = heard.get(listed.id);
        return report ? { ...listed, state: report.state, title: report.title, report } : listed;
    };
    return pages.map((page) => ({ ...page, broadcasts: page.broadcasts.map(renewed) }));
}

/** Where everything stands that goes: when this changes, a list may have others than before. */
export const whereabouts = (news: BroadcastProgress[]): string =>
    news.map(({ id, state }) => `${id} ${state}`).join("\n");

/** How many are settled, and reached, as shares of all. */
export function shares(progress: { targeted: number; pending: number; sent: number }): {
    settled: number;
    reached: number;
} {
    const { targeted, pending, sent } = progress;
    return targeted === 0
        ? { settled: 0, reached: 0 }
        : { settled: (targeted - pending) / targeted, reached: sent / targeted };
}
