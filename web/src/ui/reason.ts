/** Reasons in the language that is spoken. The server tells them in English, with a stable code. */

import { useTranslation } from "react-i18next";
import { en, fr } from "../words/reasons";

/** What happened, and what to do about it: empty when nothing helps. */
export type Words = { sentence: string; remedy: string };
type Told = { sentence?: string | null; remedy?: string | null };
type Table = Record<string, Words>;

const TABLES = ["people", "channels", "afterwards"] as const;

/** The words for `code` in `language`. A code, or a sentence, that we do not know stays as the server has it. */
export function inWords(language: string, code: string, told: Told = {}): Words {
    const as = { sentence: told.sentence ?? code, remedy: told.remedy ?? "" };
    // Several sentences may have one code: the English one tells which is meant, and the remedy where two are alike.
    const fitting = TABLES.filter((name) => (en[name] as Table)[code]?.sentence === told.sentence);
    const table = fitting.find((name) => (en[name] as Table)[code]?.remedy === as.remedy) ?? fitting[0];
    if (!told.sentence) return ((language === "fr" ? fr : en).people as Table)[code] ?? as;
    const known = table && language === "fr" ? (fr[table] as Table)[code] : undefined;
    if (!known) return as;
    return { sentence: known.sentence, remedy: as.remedy && known.remedy };
}

/** Why everything stopped. */
export function haltInWords(language: string, code: string): Words {
    return ((language === "fr" ? fr : en).halts as Table)[code] ?? { sentence: code, remedy: "" };
}

/** `(code, english)` in the language that is spoken. */
export function useReason(): (code: string, told?: Told) => Words {
    const { i18n } = useTranslation();
    return (code, told) => inWords(i18n.language, code, told);
}

/** The same for what stopped everything. */
export function useHalt(): (code: string) => Words {
    const { i18n } = useTranslation();
    return (code) => haltInWords(i18n.language, code);
}
