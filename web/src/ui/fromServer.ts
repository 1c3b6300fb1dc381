/**
 * What the server says and has no code for, in the words of this page. It speaks English, and of its API: nobody who reads
 * this page asks it by hand. What we do not know stays as it is, and is marked as English. What has a code: `ui/slip.ts`.
 */

import { en, fr, type Sentence } from "../words/server";

/** `lang`: where it is not the language of the page. */
export type Passage = { text: string; lang?: "en" };

const API = "(?:GET )?/api/v1";

/** Whole sentences, without a full stop. */
const KNOWN: [string, Sentence][] = [
    [`Write broadcast and the thirteen letters and digits that ${API}/broadcasts prints`, "announcement_id"],
    [`(?:.+ )?Write the code of a reason in quotes, as ${API}/broadcasts/\\{id\\} gives it`, "reason_code"],
    ["Mend what `faults` names.+", "mend"],
    ["Read it again, look at what is different, .+", "reload"],
    [`${API}/broadcasts/\\{id\\}(?:/deliveries)? lists .+`, "reload"],
    ["Send the ETag of .+", "reload_or_tell"],
    [`${API}/openapi\\.json describes what this route takes`, "reload_or_tell"],
    ["A page sends the token that .+", "reload_or_tell"],
    ["Use a new key for each thing .+", "reload_or_tell"],
    ["Read it again: its state says what is possible", "state"],
    ["Sign in at /sign-in.+", "sign_in"],
    ["Ask again in a few seconds(?:, with the same key)?", "soon"],
    ["Ask again after as many seconds as .+", "soon"],
    ["(?:Ask|Post) (?:it )?again(?: in a few seconds)?\\. /readyz tells .+", "soon_or_tell"],
    ["Tell whoever runs Stentor the id in the header .+", "tell_log"],
    ["Look whether it was done before you ask for it again; .+", "again"],
    ["Ask again with the same Idempotency-Key, .+", "again"],
    ["Hand it in: POST .+", "hand_in"],
    ["Reject it, and let its author hand it in again", "give_back"],

    ["The announcement cannot be sent as it is", "not_sendable"],
    ["The audience cannot be used as it is", "no_audience"],
    ["The broadcast stands where this makes no sense", "no_sense"],
    ["Somebody has changed the announcement since you read it", "changed"],
    ["There is no such broadcast", "no_such"],
    ["This is not among what your roles let you do", "not_yours"],
    ["Ask an administrator for one of the roles that may; .+", "ask_roles"],
    ["Nobody releases an announcement that they began, .+", "own"],
    ["Ask somebody else who has the role Approver or Admin", "ask_approver"],
    ["There is nobody whom this could reach", "nobody"],
    ["The announcement is for more people than your role reaches", "too_many"],
    ["Narrow its audience, or ask somebody whose role .+", "narrow"],
    ["The announcement is for so many people that a second .+", "second"],
    ["It is for many more people than when it was handed in", "grown"],
    ["The database does not answer at present", "database"],
    ["Something went wrong that should not", "wrong"],
    ["You ask more often than is good for everybody else", "too_often"],
    ["This takes longer than a request may", "too_long"],
];

const patterns = KNOWN.map(([pattern, sentence]) => ({ pattern: new RegExp(`^${pattern}\\.?$`, "s"), sentence }));

export function fromServer(language: string, text: string): Passage {
    // A slip in words is pointed at, in lines of their own before what to do.
    const end = text.lastIndexOf("\n") + 1;
    const known = patterns.find(({ pattern }) => pattern.test(text.slice(end)));
    if (known) return { text: text.slice(0, end) + (language === "fr" ? fr : en)[known.sentence] };
    return language === "en" ? { text } : { text, lang: "en" };
}
