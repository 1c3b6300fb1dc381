import { describe, expect, it } from "vitest";
import { fromServer } from "./fromServer";

/** What the server says of manuscripts, as it stands in its own tests and answers. */
const TO_PROGRAMS = [
    "GET /api/v1/directory/search finds groups and teams by the beginning of their names.",
    "GET /api/v1/directory/search finds groups and teams.",
    "Name the one that is meant by its id; GET /api/v1/directory/search shows it.",
    "GET /api/v1/audiences shows what is saved.",
    "GET /api/v1/audiences lists what is saved.",
    'Add to audience.lists "Milan", with its people as text.',
    'Add to lists "Milan", with its people as text.',
    "Correct the list, or go on without them with accept_partial.",
    "Name an hour to come, or leave schedule out.",
    "Write it as 2026-12-01T09:00, and the zone as schedule.time_zone, such as Europe/Berlin; or write an offset behind it, as in 2026-12-01T09:00+01:00.",
    "GET /api/v1/broadcasts shows those of this tenant.",
    "Write broadcast and the thirteen letters and digits that GET /api/v1/broadcasts prints.",
    "Write the code of a reason in quotes, as GET /api/v1/broadcasts/{id} gives it.",
    "Mend what `faults` names, each by the name of its field, and ask again.",
    "Read it again, look at what is different, and ask with its new ETag in If-Match.",
    "/api/v1/openapi.json describes what this route takes.",
    "Look whether it was done before you ask for it again; with an Idempotency-Key you may repeat it at once.",
    "Ask again in a few seconds. /readyz tells what is the matter.",
    "Hand it in: POST …/submit; somebody who may approve then releases it.",
    "list “Milan” is named, and audience.lists does not hold it",
    "“Logistics” is a group without a team, so it has no channels",
    "Name a team, or write to the group's people: audience.expression.",
    "“Works / General” is named twice",
    "Name each channel once.",
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

it("takes names and numbers over", () => {
    expect(fromServer("fr", "2032-01-01 08:00 UTC lies more than 366 days ahead").text).toBe(
        "cette heure est à plus de 366 jours d’ici",
    );
    expect(fromServer("en", "Take 2027-03-28T01:30 or 2027-03-28T03:00.").text).toBe(
        "Choose 2027-03-28 01:30 or 2027-03-28 03:00.",
    );
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
