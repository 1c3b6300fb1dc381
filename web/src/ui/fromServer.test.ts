import { describe, expect, it } from "vitest";
import { fromServer } from "./fromServer";

/** What the server says of manuscripts, as it stands in its own tests and answers. */
const TO_PROGRAMS = [
    "Write broadcast and the thirteen letters and digits that GET /api/v1/broadcasts prints.",
    "Write the code of a reason in quotes, as GET /api/v1/broadcasts/{id} gives it.",
    "Mend what `faults` names, each by the name of its field, and ask again.",
    "Read it again, look at what is different, and ask with its new ETag in If-Match.",
    "/api/v1/openapi.json describes what this route takes.",
    "Look whether it was done before you ask for it again; with an Idempotency-Key you may repeat it at once.",
    "Ask again in a few seconds. /readyz tells what is the matter.",
    "Hand it in: POST …/submit; somebody who may approve then releases it.",
];

describe("what the server says to programs", () => {
    it.each(TO_PROGRAMS)("is said to people: %s", (text) => {
        for (const language of ["en", "fr"]) {
            const { text: said, lang } = fromServer(language, text);
            expect(said).not.toMatch(
                /\/api\/|audience\.|accept_partial|schedule|ETag|faults|Idempotency|readyz|POST|\{\{/,
            );
            expect(lang).toBeUndefined();
        }
    });
});

it("leaves the lines that point at a slip as they are", () => {
    const pointed = "broadcast abc\n          ^\n";
    const cure = "Write broadcast and the thirteen letters and digits that GET /api/v1/broadcasts prints.";
    expect(fromServer("en", pointed + cure).text).toBe(
        `${pointed}Write broadcast and the thirteen letters and digits that stand in the address of its page.`,
    );
});

it("leaves what it does not know as it is, marked as English for those who read another language", () => {
    expect(fromServer("en", "Spell it out.")).toEqual({ text: "Spell it out." });
    expect(fromServer("fr", "Spell it out.")).toEqual({ text: "Spell it out.", lang: "en" });
});
