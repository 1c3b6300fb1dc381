import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refused, Unreachable } from "../../api/problem";
import type { BroadcastDocument, Manuscript } from "../../api/types";
import { Desk } from "./desk";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const document = (version: number, words: Partial<Manuscript>) =>
    ({ id: "a", possible: ["change"], draft: { version, manuscript: words } }) as unknown as BroadcastDocument;

/** A server that keeps one draft, and whose next answers may be lost, before or after it has done what was asked. */
function server(words: Partial<Manuscript>) {
    const kept = { version: 1, words };
    const lost: ("before" | "after")[] = [];
    const told = () => document(kept.version, kept.words);
    const put = async (_: string, version: number, manuscript: Manuscript) => {
        const fate = lost.shift();
        if (fate === "before") throw new Unreachable("gone");
        if (version !== kept.version) {
            throw new Refused({ type: "", code: "changed", status: 412, title: "Changed.", next_step: "" });
        }
        kept.version += 1;
        kept.words = manuscript;
        if (fate === "after") throw new Unreachable("gone");
        return told();
    };
    return { kept, lost, put, get: async () => told(), told: () => {} };
}

test("what is typed is saved once, after a moment", async () => {
    const there = server({ title: "", body: "" });
    const desk = new Desk(document(1, { title: "", body: "" }), there);
    desk.change({ title: "N" });
    desk.change({ title: "Noon" });
    expect(desk.state()).toMatchObject({ saving: "unsaved", manuscript: { title: "Noon" } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(desk.state().saving).toBe("saved");
    expect(there.kept).toEqual({ version: 2, words: { title: "Noon", body: "" } });
});

test("a draft with a long list is saved less often, and its list at once", async () => {
    const audience = { expression: 'list "L"', list: null, lists: { L: "ann@contoso.example\n".repeat(10_000) } };
    const there = server({ title: "", audience: null });
    const desk = new Desk(document(1, { title: "", audience: null }), there);
    desk.change({ audience });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(there.kept.version).toBe(2);
    desk.change({ title: "N" });
    await vi.advanceTimersByTimeAsync(4_000);
    desk.change({ title: "Noon" });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(there.kept.version).toBe(2);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(there.kept).toEqual({ version: 3, words: { title: "Noon", audience } });
});

test.each(["before", "after"] as const)(
    "an answer lost %s it was done loses nothing, and asks nobody",
    async (fate) => {
        const there = server({ title: "", body: "" });
        there.lost.push(fate);
        const desk = new Desk(document(1, { title: "", body: "" }), there);
        desk.change({ title: "No" });
        await vi.advanceTimersByTimeAsync(1_000);
        expect(desk.state().saving).toBe("unsaved");
        desk.change({ title: "Noon" });
        await vi.advanceTimersByTimeAsync(20_000);
        expect(desk.state()).toMatchObject({ saving: "saved", conflict: undefined, joined: undefined });
        expect(there.kept.words.title).toBe("Noon");
    },
);

test("what somebody else changed elsewhere is joined, and told", async () => {
    const there = server({ title: "", body: "" });
    const desk = new Desk(document(1, { title: "", body: "" }), there);
    Object.assign(there.kept, { version: 2, words: { title: "", body: "Theirs" } });
    desk.change({ title: "Mine" });
    expect(await desk.settled()).toBe('"3"');
    expect(there.kept.words).toEqual({ title: "Mine", body: "Theirs" });
    expect(desk.state().joined?.fields).toEqual(["body"]);
});

test.each([
    ["mine", "Mine"],
    ["theirs", "Theirs"],
] as const)("where both changed the same, %s is kept when that is chosen", async (whose, title) => {
    const there = server({ title: "" });
    const desk = new Desk(document(1, { title: "" }), there);
    Object.assign(there.kept, { version: 2, words: { title: "Theirs" } });
    desk.change({ title: "Mine" });
    await expect(desk.settled()).rejects.toThrow("Changed.");
    expect(desk.state().saving).toBe("conflict");
    desk.choose(whose);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(desk.state()).toMatchObject({ saving: "saved", manuscript: { title } });
    expect(there.kept.words.title).toBe(title);
});
