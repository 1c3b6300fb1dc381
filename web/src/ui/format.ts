/** Numbers, times and durations by the language that is spoken. Times come as ISO 8601 in UTC, durations in seconds. */

import i18next from "i18next";
import { useTranslation } from "react-i18next";

type Format = Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat | Intl.ListFormat;
const memo = new Map<string, Format>();

/** The language that is spoken, as it is written where the reader lives: 27 Nov in London, Nov 27 in Boston. */
export function locale(): string {
    const { language } = i18next;
    return navigator.languages.find((tag) => tag.slice(0, 2).toLowerCase() === language) ?? language;
}

function kept<T extends Format>(name: string, make: (language: string) => T): T {
    const key = `${i18next.language}/${name}`;
    const found = memo.get(key) as T | undefined;
    if (found) return found;
    const made = make(locale());
    memo.set(key, made);
    return made;
}

export const format = {
    /** 40,000 */
    number: (value: number) => kept("number", (language) => new Intl.NumberFormat(language)).format(value),
    /** 37.2 */
    decimal: (value: number) =>
        kept("decimal", (language) => new Intl.NumberFormat(language, { maximumFractionDigits: 1 })).format(value),
    /** 37 %, of a share between 0 and 1 */
    percent: (share: number) =>
        kept(
            "percent",
            (language) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }),
        ).format(share),
    /** one, two and three */
    list: (items: string[]) => kept("list", (language) => new Intl.ListFormat(language)).format(items),
    /** 27 Nov 2026, 09:00 */
    time: (iso: string, timeZone?: string) =>
        kept(
            `time/${timeZone}`,
            (language) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone }),
        ).format(new Date(iso)),
    /** 09:00 */
    clock: (iso: string) =>
        kept("clock", (language) => new Intl.DateTimeFormat(language, { timeStyle: "short" })).format(new Date(iso)),
    /** 09:00:07, of today */
    second_clock: (iso: string) =>
        kept("second_clock", (language) => new Intl.DateTimeFormat(language, { timeStyle: "medium" })).format(
            new Date(iso),
        ),
    /** 27 Nov 2026, 09:00:07 */
    second: (iso: string) =>
        kept(
            "second",
            (language) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }),
        ).format(new Date(iso)),
    /** 3 minutes ago */
    ago: (iso: string, now = Date.now()) => {
        const seconds = (new Date(iso).getTime() - now) / 1000;
        const relative = kept("ago", (language) => new Intl.RelativeTimeFormat(language, { numeric: "auto" }));
        const units = [
            ["year", 31_557_600],
            ["day", 86_400],
            ["hour", 3_600],
            ["minute", 60],
        ] as const;
        for (const [unit, length] of units)
            if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
        return relative.format(Math.round(seconds), "second");
    },
    /** 1 hr 20 min, or in whole words: 1 hour 20 minutes */
    duration: (seconds: number, unitDisplay: "short" | "long" = "short") => {
        const unit = (value: number, unit: "day" | "hour" | "minute" | "second") =>
            kept(
                `${unitDisplay}/${unit}`,
                (language) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay }),
            ).format(value);
        if (seconds < 60) return unit(Math.max(1, Math.round(seconds)), "second");
        const minutes = Math.round(seconds / 60);
        if (minutes < 60) return unit(minutes, "minute");
        const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
        if (hours >= 48) return unit(Math.round(hours / 24), "day");
        return rest === 0 ? unit(hours, "hour") : `${unit(hours, "hour")} ${unit(rest, "minute")}`;
    },
    /** 12 kB, 12 ko */
    bytes: (value: number) =>
        kept(
            "bytes",
            (language) =>
                new Intl.NumberFormat(language, { style: "unit", unit: "kilobyte", maximumFractionDigits: 1 }),
        ).format(value / 1024),
};

/** “40,000 people”, in the language that is spoken. */
export function usePeople(): (count: number) => string {
    const { t } = useTranslation();
    return (count) => t("common.people", { count, formatted: format.number(count) });
}
