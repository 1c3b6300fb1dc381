import { expect, test } from "vitest";
import type { Manuscript } from "../../api/types";
import { merge, same } from "./merge";

const base = { title: "Noon", body: "Leave.", author: null, buttons: [] } as unknown as Manuscript;

test("what two changed in different fields is both kept", () => {
    const { manuscript, theirs, clashes } = merge([base], { ...base, title: "One" }, { ...base, body: "Stay." });
    expect(manuscript).toEqual({ ...base, title: "One", body: "Stay." });
    expect(theirs).toEqual(["body"]);
    expect(clashes).toEqual([]);
});

test("what both changed is a clash, unless they changed it alike", () => {
    const mine = { ...base, title: "One", body: "Stay." };
    expect(merge([base], mine, { ...base, title: "Two", body: "Stay." }).clashes).toEqual(["title"]);
});

test("what was sent, and whose answer was lost, is nobody else's", () => {
    const sent = { ...base, title: "On" };
    const merged = merge([base, sent], { ...base, title: "One" }, sent);
    expect(merged.clashes).toEqual([]);
    expect(merged.theirs).toEqual([]);
    expect(merged.manuscript.title).toBe("One");
});

test("the order of members and what is absent make no difference", () => {
    expect(same({ a: 1, b: { c: null } }, { b: {}, a: 1 })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same({}, [])).toBe(false);
});
