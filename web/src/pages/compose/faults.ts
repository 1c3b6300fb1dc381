/**
 * What the server finds wrong with words, in the words of this page. It tells in English; what authors meet every day is
 * said here in theirs, and whatever we do not know as the server says it.
 */

import i18next, { type TFunction } from "i18next";
import type { Fault } from "../../api/problem";
import { format } from "../../ui/format";
import { fromServer, type Passage } from "../../ui/fromServer";
import type { en } from "../../words/compose";

type Raw = keyof typeof en.raw;

/** As the server calls what Teams does not render. */
const RAW: [string, Raw][] = [
    ["a heading", "heading"],
    ["a code block", "code_block"],
    ["code between backquotes", "code"],
    ["a quotation", "quotation"],
    ["a table", "table"],
    ["HTML", "html"],
    ["an image", "image"],
    ["struck-out text", "struck"],
    ["a tick box", "tick"],
    ["a line across the page", "rule"],
    ["the address of a link", "bare_link"],
    ["a link between < and >", "bare_link"],
];

/** Those that no more typing mends: they are told while somebody types. */
export function isFaultAtOnce(fault: Fault): boolean {
    return /the limit is|shows raw|links to/.test(fault.problem);
}

/** As a sentence or two, each in its language. */
export function faultPassages(t: TFunction, fault: Fault, label: string): Passage[] {
    const text = known(t, fault, label);
    if (text) return [{ text }];
    const [problem, cure] = [fault.problem, fault.cure].map((said) => fromServer(i18next.language, said));
    const told = problem ? [{ ...problem, text: `${capital(problem.text)}.` }] : [];
    return cure?.text ? [...told, cure] : told;
}

function known(t: TFunction, { field, problem }: Fault, label: string): string | undefined {
    if (problem === "is empty" || problem === "is missing") return t("compose.fault.empty", { label });
    if (problem.includes("and an image needs one")) return t("compose.fault.needs_description");
    if (problem === "names neither a picture nor a link") return t("compose.fault.no_picture");
    const long = /has (\d+) characters; the limit is (\d+)/.exec(problem);
    if (long) {
        const [length = "", limit = ""] = long.slice(1).map((digits) => format.number(Number(digits)));
        return t("compose.fault.too_long", { length, limit });
    }
    const large = /has (\d+) bytes in UTF-16; the limit is (\d+)/.exec(problem);
    if (large) {
        const [bytes = "", max = ""] = large.slice(1).map((digits) => format.bytes(Number(digits)));
        return t("compose.fault.too_large", { bytes, max });
    }
    if (problem === "is not shown in activity feeds") return t("compose.fault.unseen");
    const team = /^“(.+)” is no (?:group|team)/.exec(problem);
    if (team && field.startsWith("post_to")) return t("compose.fault.no_team", { name: team[1] });
    if (problem.endsWith("is not a link")) return t("compose.fault.no_link");
    if (/^begins with /.test(problem)) return t("compose.fault.no_https");
    return knownOfLine(t, problem);
}

function knownOfLine(t: TFunction, problem: string): string | undefined {
    const line = /^line (\d+), column \d+ (.*)$/s.exec(problem);
    if (!line) return undefined;
    const [, number, found = ""] = line;
    if (found.startsWith("links to")) return t("compose.fault.link_scheme", { line: number });
    const raw = RAW.find(([name]) => found.startsWith(`holds ${name}`));
    if (!raw) return undefined;
    const [what, cure] = t(`compose.raw.${raw[1]}`, { returnObjects: true }) as unknown as [string, string];
    return t("compose.fault.raw", { line: number, what, cure });
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
