/** An hour as its author meant it, with its zone; and what that is where the reader is, if that is elsewhere. */

import { useTranslation } from "react-i18next";
import type { Summary } from "../../api/types";
import { format } from "../../ui/format";
import { here } from "../compose/send/zone";

type Schedule = NonNullable<Summary["schedule"]>;

export function useMeantHour(): (schedule: Schedule) => { time: string; zone: string } {
    const { t } = useTranslation();
    return (schedule) => {
        const { time, zone, ours } = meant(schedule);
        return { time, zone: ours ? t("broadcast.going.here", { zone, time: ours }) : zone };
    };
}

/** The time and the zone that go together, and our own time where that is another. */
export function meant({ start_at, time_zone }: Schedule): { time: string; zone: string; ours?: string } {
    const ours = format.time(start_at);
    if (!isKnown(time_zone)) return { time: ours, zone: here() };
    const time = format.time(start_at, time_zone);
    return time === ours ? { time, zone: time_zone } : { time, zone: time_zone, ours };
}

/** Zones are named as authors wrote them: a browser does not know all that the server knows. */
function isKnown(zone: string): boolean {
    try {
        new Intl.DateTimeFormat("en", { timeZone: zone });
        return true;
    } catch {
        return false;
    }
}
