import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { en, fr } from "../words/reasons";
import { haltInWords, inWords } from "./reason";

const source = (path: string) => readFileSync(new URL(`../../../src/domain/${path}`, import.meta.url), "utf8");
const reasons = source("reason.rs");

/** `[code, sentence, remedy]` of each line of an enum that the server's source lists. */
function listed(name: string): [string, string, string][] {
    const block = new RegExp(`${name}, \\w+;\\n([^}]*)`).exec(reasons)?.[1] ?? "";
    const lines = block.matchAll(/^\s+\w+ "(\w+)" "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$/gm);
    return [...lines].map(([, code = "", sentence = "", remedy = ""]) => [code, unquoted(sentence), unquoted(remedy)]);
}

const unquoted = (text: string) => text.replaceAll('\\"', '"');

test.each([
    ["Reason", en.people],
    ["HaltReason", en.halts],
])("%s has words for every code of the server, and the server's own in English", (name, ours) => {
    const theirs = listed(name);
    expect(theirs.length).toBeGreaterThan(20);
    expect(Object.fromEntries(theirs.map(([code, sentence, remedy]) => [code, { sentence, remedy }]))).toEqual(ours);
});

test("what is said of channels and afterwards stands in the server's source", () => {
    const all = unquoted(reasons + source("reason/channels.rs"));
    for (const { sentence, remedy } of [...Object.values(en.channels), ...Object.values(en.afterwards)]) {
        expect(all).toContain(`"${sentence}"`);
        expect(all).toContain(`"${remedy}"`);
    }
});

test("a remedy is given in French wherever it is in English", () => {
    for (const name of ["people", "channels", "afterwards", "halts"] as const)
        for (const [code, words] of Object.entries(en[name])) {
            const french = (fr[name] as Record<string, typeof words>)[code];
            expect([code, french?.remedy === ""]).toEqual([code, words.remedy === ""]);
        }
});

test("the sentence tells which of several is meant", () => {
    expect(inWords("fr", "blocked_by_user", en.people.blocked_by_user)).toEqual(fr.people.blocked_by_user);
    expect(inWords("fr", "blocked_by_user", en.channels.blocked_by_user)).toEqual(fr.channels.blocked_by_user);
    expect(inWords("fr", "blocked_by_user", en.afterwards.blocked_by_user)).toEqual(fr.afterwards.blocked_by_user);
    const gone = en.afterwards.recipient_not_found;
    expect(inWords("fr", "recipient_not_found", gone)).toEqual(fr.afterwards.recipient_not_found);
    expect(inWords("fr", "guest")).toEqual(fr.people.guest);
});

test("what the server says of nobody's need stays without a remedy, and what is new stays in English", () => {
    expect(inWords("fr", "guest", { sentence: en.people.guest.sentence, remedy: null }).remedy).toBe("");
    const told = { sentence: "Something else happened.", remedy: "Wait." };
    expect(inWords("fr", "something_else", told)).toEqual(told);
    expect(inWords("en", "guest", told)).toEqual(told);
    expect(haltInWords("fr", "bot_disabled")).toEqual(fr.halts.bot_disabled);
});
