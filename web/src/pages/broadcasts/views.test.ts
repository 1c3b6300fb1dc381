import { expect, test } from "vitest";
import type { BroadcastProgress, Listed } from "../../api/types";
import { joined, shares, viewOf, whereabouts, withNews } from "./views";

const listed = (id: string, state: Listed["state"] = "running") => ({ id, state, title: id }) as Listed;
const progress = (id: string, state: Listed["state"]) => ({ id, state, title: id }) as BroadcastProgress;

test("an unknown view is all of them", () => {
    expect([viewOf(null), viewOf("nonsense"), viewOf("going")]).toEqual(["all", "all", "going"]);
});

test("answers about several states make one page in the order of birth", () => {
    const page = joined(
        [
            { broadcasts: [listed("e"), listed("b")], next: null },
            { broadcasts: [listed("d"), listed("a")], next: null },
        ],
        3,
    );
    expect(page.broadcasts.map(({ id }) => id)).toEqual(["e", "d", "b"]);
    expect(page.next).toBe("b");
});

test("a page ends where one of the answers may have left something out", () => {
    const page = joined(
        [
            { broadcasts: [listed("f"), listed("d")], next: "d" },
            { broadcasts: [listed("e"), listed("a")], next: null },
        ],
        50,
    );
    expect(page.broadcasts.map(({ id }) => id)).toEqual(["f", "e", "d"]);
    expect(page.next).toBe("d");
});

test("the last page has no next", () => {
    expect(joined([{ broadcasts: [listed("a")], next: null }], 50).next).toBeUndefined();
    expect(joined([{ broadcasts: [] }], 50).next).toBeUndefined();
});

test("news change what is shown, and nothing else", () => {
    const pages = [{ broadcasts: [listed("c"), listed("b")], next: "b" }];
    const [page] = withNews(pages, [progress("c", "done"), progress("x", "running")]);
    expect(page?.broadcasts.map(({ id, state }) => [id, state])).toEqual([
        ["c", "done"],
        ["b", "running"],
    ]);
    expect(page?.broadcasts[0]?.report?.id).toBe("c");
    expect(page?.broadcasts[1]).toBe(pages[0]?.broadcasts[1]);
});

test("counts alone do not change whereabouts", () => {
    const [going, done] = [progress("c", "running"), progress("c", "done")];
    expect(whereabouts([{ ...going, title: "more" }])).toBe(whereabouts([going]));
    expect(whereabouts([done])).not.toBe(whereabouts([going]));
});

test("shares of nobody are nothing", () => {
    expect(shares({ targeted: 0, pending: 0, sent: 0 })).toEqual({ settled: 0, reached: 0 });
    expect(shares({ targeted: 4, pending: 1, sent: 2 })).toEqual({ settled: 0.75, reached: 0.5 });
});
