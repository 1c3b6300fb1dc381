/** An hour as its author meant it, with its zone; and what that is where the reader is, if that is elsewhere. */

import { useTranslation } from "react-i18next";
import type { Summary } from "../../api/types";
import { format } from "../../ui/format";

type Schedule = NonNullable<Summary["schedule"]>;

export function useHour(): (schedule: Schedule) => { time: string; zone: string } {
    const { t } = useTranslation();
    return ({ start_at, time_zone }) => {
        const zone = zoneOr(time_zone);
        const [time, here] = [format.time(start_at, zone), format.time(start_at)];
        return { time, zone: time === here ? time_zone : t("broadcast.going.here", { zone: time_zone, time: here }) };
    };
}

/** Zones are named as authors wrote them: one that this browser does not know is left out, and the time is ours. */
function zoneOr(zone: string): string | undefined {
    try {
        new Intl.DateTimeFormat("en", { timeZone: zone });
        return zone;
    } catch {
        return undefined;
    }
}
