/**
 * What the server says, in the words of this page. It speaks English, and of its API: nobody who reads this page asks it by
 * hand. What authors meet is said here in theirs; what we do not know stays as it is, and is marked as English.
 */

import { en, fr, type Sentence } from "../words/server";

/** `lang`: where it is not the language of the page. */
export type Passage = { text: string; lang?: "en" };

const API = "(?:GET )?/api/v1";
const LISTS = "(?:audience\\.)?lists";

/** Whole sentences, without a full stop; what a pattern captures, its words name in that order. */
const KNOWN: [string, Sentence, ...string[]][] = [
    [`${API}/directory/search finds groups and teams(?: by the beginning of their names)?`, "find_group"],
    [`Name the one that is meant by its id(?:; ${API}/directory/search shows it)?`, "which_group"],
    [`${API}/audiences (?:shows|lists) what is saved`, "saved"],
    [`Add to ${LISTS} "(.+)", with its people as text`, "add_list", "name"],
    [`Give its people in ${LISTS}, under its name`, "choose"],
    ['Write list ".+" in the audience, or leave the field out', "spare_list"],
    ["Correct the list, or go on without them with accept_partial", "partial"],
    ["Say whom it is for: audience\\.expression, such as everyone, or audience\\.list", "choose"],
    ["Name an hour to come, or leave schedule out", "to_come"],
    ["Write it as \\S+, and the zone as schedule\\.time_zone, .+", "hour"],
    ["Write a name such as Europe/Berlin, America/New_York or UTC", "zone"],
    ["Name an earlier hour; check the year", "earlier"],
    ["Check the year", "check_year"],
    ["Take (\\d[\\dT:-]+) or (\\d[\\dT:-]+)", "either", "one", "other"],
    [`${API}/broadcasts (?:shows|lists) those of this tenant`, "announcements"],
    [`Write broadcast and the thirteen letters and digits that ${API}/broadcasts prints`, "announcement_id"],
    [`(?:.+ )?Write the code of a reason in quotes, as ${API}/broadcasts/\\{id\\} gives it`, "reason_code"],
    ["Name a picture that was uploaded in image\\.picture, or a link in image\\.url", "picture"],
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

    [`list “(.+)” is named, and ${LISTS} does not hold it`, "no_list", "name"],
    [".+ UTC has passed already", "has_passed"],
    [".+ UTC lies more than (\\d+) days ahead", "too_far", "days"],
    ["“.*” is not a date and a time", "no_hour"],
    ["(\\d\\S+) does not exist in (\\S+): the clocks .+", "no_such_hour", "hour", "zone"],
    ["“.*” lies in a year that is not from 1970 to 9999", "no_such_year"],
    ["“(.+)” is no (?:group|team)(?: or team of this organisation| that is known)", "no_group", "name"],
    ["“(.+)” is a group without a team, so it has no channels", "no_team", "name"],
    ["Name a team, or write to the group's people: .+", "name_team"],
    ["“(.+)” is named twice", "named_twice", "name"],
    ["Name each channel once", "name_once"],
    ["nothing is saved under the name “(.+)”", "not_saved", "name"],
    ["“(.+)” is given, and the audience does not name it", "not_named", "name"],

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

const patterns = KNOWN.map(([pattern, sentence, ...names]) => ({
    pattern: new RegExp(`^${pattern}\\.?$`, "s"),
    sentence,
    names,
}));

/** `2027-03-28T02:30` as it is read. */
const readable = (text: string) => text.replace(/^(\d{4}-\d\d-\d\d)T/, "$1 ");

export function fromServer(language: string, text: string): Passage {
    // A slip in words is pointed at, in lines of their own before what to do.
    const end = text.lastIndexOf("\n") + 1;
    const said = text.slice(end);
    for (const { pattern, sentence, names } of patterns) {
        const found = pattern.exec(said);
        if (!found) continue;
        const words = (language === "fr" ? fr : en)[sentence];
        const filled = names.reduce(
            (words, name, at) => words.replace(`{{${name}}}`, readable(found[at + 1] ?? "")),
            words,
        );
        return { text: text.slice(0, end) + filled };
    }
    return language === "en" ? { text } : { text, lang: "en" };
}
