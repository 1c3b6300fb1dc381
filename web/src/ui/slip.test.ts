import i18next from "i18next";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Fault } from "../api/problem";
import { en, fr, type Slip } from "../words/slips";
import { faultPassages, isFaultAtOnce } from "./slip";

const fault = (slip?: Slip): Fault => ({ field: "body", problem: "is wrong", cure: "Mend it.", slip });
const said = (found: Fault, label?: string) => faultPassages(found, label).map(({ text }) => text);

vi.stubGlobal("navigator", { languages: ["en-GB", "fr-FR"] });
afterEach(() => {
    i18next.language = "en";
});

it("says a slip in the language that is spoken, with what belongs to it", () => {
    i18next.language = "en";
    expect(said(fault({ code: "too_long", length: 1200, limit: 100 }))).toEqual(["1,200 characters; the most is 100."]);
    expect(said(fault({ code: "raw", line: 3, what: "table" }))).toEqual([
        "Line 3: a table is shown raw by Teams.",
        "Write a list.",
    ]);
    expect(said(fault({ code: "empty" }), "Title")).toEqual(["Title is missing."]);
    i18next.language = "fr";
    const gap = {
        hour: "2027-03-28T02:30",
        zone: "Europe/Paris",
        before: "2027-03-28T01:30",
        after: "2027-03-28T03:00",
    };
    expect(said(fault({ code: "left_out_hour", ...gap }))[1]).toBe(
        "Choisissez 28 mars 2027, 01:30 ou 28 mars 2027, 03:00.",
    );
});

it("says what has no code, or one that it does not know yet, as the server does", () => {
    i18next.language = "en";
    expect(said(fault({ code: "of_tomorrow" } as unknown as Slip))).toEqual(["Is wrong.", "Mend it."]);
    expect(said(fault())).toEqual(["Is wrong.", "Mend it."]);
    i18next.language = "fr";
    expect(faultPassages(fault())[0]).toEqual({ text: "Is wrong.", lang: "en" });
});

it("tells at once only what more typing does not mend", () => {
    expect(isFaultAtOnce(fault({ code: "more_raw", count: 2 }))).toBe(true);
    expect(isFaultAtOnce(fault({ code: "empty" }))).toBe(false);
    expect(isFaultAtOnce(fault())).toBe(false);
});

describe("both languages", () => {
    it.each(Object.keys(en.slips) as Slip["code"][])("tell the same of %s", (code) => {
        const names = (words: readonly string[]) =>
            [...words.join(" ").matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);
        expect(names(fr.slips[code]).sort()).toEqual(names(en.slips[code]).sort());
    });
});
