import { expect, test } from "vitest";
import type { NumberedDeed } from "../../api/types";
import { addressOf, changes, done } from "./deeds";

const line = (number: number, more: Partial<NumberedDeed>): NumberedDeed => ({
    number,
    happened_at: "2026-11-27T09:00:00Z",
    actor: "person:1",
    action: "send_broadcast",
    subject: "0sbs1p6e44ced",
    ...more,
});

test("an action that ended is told once", () => {
    const told = done([line(2, { request: "a", status: 202 }), line(1, { request: "a" })]);
    expect(told.map(({ deed, how }) => [deed.number, how])).toEqual([[2, "done"]]);
});

test("an action without an end is told as that", () => {
    const told = done([line(3, { request: "b" }), line(2, { request: "a", status: 403 }), line(1, { request: "a" })]);
    expect(told.map(({ how }) => how)).toEqual(["open", "refused"]);
});

test("what the engine notes has one line", () => {
    expect(done([line(1, { actor: "engine", action: "broadcast_retried" })]).map(({ how }) => how)).toEqual(["done"]);
});

test("changes are told by field, and what is the same is left out", () => {
    const before = { title: "One", body: "Same", buttons: [{ text: "Go" }], banner: "" };
    const after = { title: "Two", body: "Same", buttons: [], image: { id: "x" } };
    expect(changes(before, after)).toEqual([
        { field: "title", before: "One", after: "Two" },
        { field: "buttons.0.text", before: "Go", after: undefined },
        { field: "image.id", before: undefined, after: "x" },
    ]);
    expect(changes("draft", "scheduled")).toEqual([{ field: "", before: "draft", after: "scheduled" }]);
});

test("announcements have addresses, audiences have none", () => {
    expect(addressOf(line(1, {}))).toBe("/broadcasts/0sbs1p6e44ced");
    expect(addressOf(line(1, { action: "save_audience", subject: "Everybody here" }))).toBeUndefined();
});
