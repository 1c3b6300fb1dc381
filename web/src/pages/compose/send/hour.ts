/** When the open draft starts, in words. */

import { useTranslation } from "react-i18next";
import { format, locale } from "../../../ui/format";
import { useDraft } from "../draft";
import { useNow } from "./useNow";
import { city, here, instantOf } from "./zone";

export interface Hour {
    instant: Date;
    isPast: boolean;
    /** “in 3 hours: Tuesday 1 December, 09:00 in Berlin” */
    sentence: string;
    /** The same where whoever reads it is, if clocks differ. */
    elsewhere: string | undefined;
}

/** Nothing when it starts at once, or the hour is none. */
export function useHour(): Hour | undefined {
    const { t } = useTranslation();
    const now = useNow();
    const { schedule } = useDraft().manuscript;
    if (!schedule) return undefined;
    const zone = schedule.time_zone ?? here();
    const hasOffset = /(Z|[+-]\d\d:\d\d)$/.test(schedule.at);
    const instant = hasOffset ? new Date(schedule.at) : instantOf(schedule.at, zone);
    if (!instant || Number.isNaN(instant.getTime())) return undefined;
    const shown = (timeZone: string) =>
        new Intl.DateTimeFormat(locale(), {
            weekday: "long",
            day: "numeric",
            month: "long",
            hour: "2-digit",
            minute: "2-digit",
            timeZone,
            ...(instant.getUTCFullYear() === now.getUTCFullYear() ? {} : { year: "numeric" }),
        }).format(instant);
    const isElsewhere = shown(zone) !== shown(here());
    return {
        instant,
        isPast: instant <= now,
        sentence: t("send.when.sentence", {
            relative: format.ago(instant.toISOString(), now.getTime()),
            time: shown(zone),
            city: city(zone),
        }),
        elsewhere: isElsewhere ? t("send.when.elsewhere", { time: shown(here()) }) : undefined,
    };
}
