import type { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import type { BroadcastDocument, Manuscript } from "../../api/types";

const DELETE = vi.hoisted(() => vi.fn(async () => ({ response: { ok: true } })));
vi.mock("../../api/client", () => ({
    api: { DELETE },
    data: async (asked: Promise<{ data?: unknown }>) => (await asked).data,
    sending: () => ({}),
}));

const { begin, clear } = await import("./begun");
const { Desk } = await import("./desk");

const cache = { removeQueries: () => {}, invalidateQueries: async () => {} } as unknown as QueryClient;
const draft = (id: string, version: number, manuscript: Partial<Manuscript>) =>
    ({ id, possible: ["change", "delete"], draft: { version, manuscript } }) as unknown as BroadcastDocument;

/** A draft on its desk, and a server that keeps what it is given. */
function desk(id: string) {
    let version = 1;
    const put = async (_: string, __: number, manuscript: Manuscript) => draft(id, ++version, manuscript);
    return new Desk(draft(id, 1, { title: "" }), { put, get: async () => draft(id, version, {}), told: () => {} });
}

beforeEach(() => void DELETE.mockClear());

test("what was begun here and left empty is deleted, in the version that is known", async () => {
    begin(draft("a", 1, { title: "" }));
    const open = desk("a");
    open.change({ title: "No" });
    await open.settled();
    open.change({ title: "" });
    await clear(open, cache);
    const params = { path: { id: "a" }, header: { "If-Match": '"3"' } };
    expect(DELETE).toHaveBeenCalledExactlyOnceWith("/api/v1/broadcasts/{id}", { params });
});

test("what somebody has written in, or had before, stays", async () => {
    begin(draft("b", 1, { title: "" }));
    const written = desk("b");
    written.change({ title: "Noon" });
    await clear(written, cache);
    await clear(desk("c"), cache);
    expect(DELETE).not.toHaveBeenCalled();
});
