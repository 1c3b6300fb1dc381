/**
 * Every word of the page, in English and French. One file an area; a French word that is missing does not compile.
 *
 * `t("area.name", { count })`; numbers and dates come from `ui/format.ts`, by the same language.
 */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { keepChoice, keptChoice } from "../ui/kept";
import * as administration from "./administration";
import * as audience from "./audience";
import * as broadcast from "./broadcast";
import * as broadcasts from "./broadcasts";
import * as common from "./common";
import * as compose from "./compose";
import { french } from "./french";
import * as reasons from "./reasons";
import * as send from "./send";

export const LANGUAGES = { en: "English", fr: "Français" } as const;
export type Language = keyof typeof LANGUAGES;

const areas = { administration, audience, broadcast, broadcasts, common, compose, reasons, send };

const of = <L extends Language>(language: L) => ({
    administration: areas.administration[language],
    audience: areas.audience[language],
    broadcast: areas.broadcast[language],
    broadcasts: areas.broadcasts[language],
    common: areas.common[language],
    compose: areas.compose[language],
    reasons: areas.reasons[language],
    send: areas.send[language],
});

const en = of("en");

declare module "i18next" {
    interface CustomTypeOptions {
        resources: { translation: typeof en };
    }
}

const KEPT = "stentor.language";

function preferred(): Language {
    const wanted = [keptChoice(KEPT), ...navigator.languages];
    return wanted.map(spoken).find((language) => language !== undefined) ?? "en";
}

/** The language of a tag such as `fr-CA`, if it is one of ours. */
function spoken(tag: string | null): Language | undefined {
    const language = tag?.slice(0, 2).toLowerCase();
    return language === "en" || language === "fr" ? language : undefined;
}

/** Chooses a language, and keeps the choice on this machine. */
export function speak(language: Language) {
    keepChoice(KEPT, language);
    void i18next.changeLanguage(language);
}

/** The language of Teams, for whoever has chosen none here. */
export function speakAsTeams(locale: string) {
    const language = spoken(locale);
    if (language && spoken(keptChoice(KEPT)) === undefined) void i18next.changeLanguage(language);
}

export function startWords() {
    i18next.on("languageChanged", (language) => {
        document.documentElement.lang = language;
    });
    void i18next.use(initReactI18next).init({
        lng: preferred(),
        fallbackLng: "en",
        resources: { en: { translation: en }, fr: { translation: french(of("fr")) } },
        interpolation: { escapeValue: false },
        initAsync: false,
    });
}
