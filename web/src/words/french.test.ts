import { expect, it } from "vitest";
import { french } from "./french";

it("keeps punctuation with its word", () => {
    expect(french({ one: "Prêt ?", more: ["« Oui » : non", "Lire https://… à 12:30"] })).toEqual({
        one: "Prêt\u202f?",
        more: ["«\u00a0Oui\u00a0»\u00a0: non", "Lire https://… à 12:30"],
    });
});
