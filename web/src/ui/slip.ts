/** What is wrong with what was written, in the words of this page; where there are none, in the server's. */

import i18next from "i18next";
import type { Fault } from "../api/problem";
import { en, fr, type Raw, type Slip } from "../words/slips";
import { format } from "./format";
import { fromServer, type Passage } from "./fromServer";

/** What no more typing mends. */
const AT_ONCE: Slip["code"][] = [
    "too_long",
    "too_large",
    "control_character",
    "too_many_buttons",
    "raw",
    "more_raw",
    "link_not_opened",
];

/** Those that are told while somebody types. */
export const isFaultAtOnce = ({ slip }: Fault): boolean => slip != null && AT_ONCE.includes(slip.code);

/** What is the matter, and how it is mended where that is said apart; `label` is what the field is called. */
export function faultPassages({ slip, problem, cure }: Fault, label?: string): Passage[] {
    const { language } = i18next;
    if (slip && isKnown(slip)) return inWords(language, slip, label).map((text) => ({ text }));
    const told = problem ? [fromServer(language, problem)].map((it) => ({ ...it, text: sentence(it.text) })) : [];
    return cure ? [...told, fromServer(language, cure)] : told;
}

/** A server that was renewed while this page stood open may know more. */
const isKnown = (slip: Slip) => slip.code in en.slips && (slip.code !== "raw" || slip.what in en.raw);

function inWords(language: string, slip: Slip, label?: string): string[] {
    const words = language === "fr" ? fr : en;
    const values: Record<string, string> = { label: label ?? words.anything };
    for (const [name, value] of Object.entries(slip)) values[name] = shown(slip.code, name, value);
    if (slip.code === "raw") [values.what, values.cure] = words.raw[slip.what as Raw];
    const filled = words.slips[slip.code].map((text) =>
        text.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name] ?? ""),
    );
    return filled.filter((text) => text !== "");
}

/** Numbers and hours as they are written in the language that is spoken, sizes in their unit. */
function shown(code: Slip["code"], name: string, value: string | number): string {
    if (typeof value === "number") return code === "too_large" ? format.bytes(value) : format.number(value);
    // An hour of no zone, as its author chose it.
    const isHour = code === "left_out_hour" && name !== "zone" && name !== "code";
    return isHour ? format.time(`${value}Z`, "UTC") : value;
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
