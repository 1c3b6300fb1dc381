/** An hour as its author meant it, with its zone; and what that is where the reader is, if that is elsewhere. */

import { useTranslation } from "react-i18next";
import type { Summary } from "../../api/types";
import { format } from "../../ui/format";

type Schedule = NonNullable<Summary["schedule"]>;

export function Hour({ schedule: { start_at, time_zone }, of }: { schedule: Schedule; of: "missed" | "starting" }) {
    const { t } = useTranslation();
    const hour = { time: format.time(start_at, zoneOr(time_zone)), zone: time_zone };
    return (
        <>
            {t(of === "missed" ? "broadcast.going.missed.text" : "broadcast.deed.starting.hour", hour)}{" "}
            <Here at={start_at} zone={time_zone} />
        </>
    );
}

export function Here({ at, zone }: { at: string; zone: string }) {
    const { t } = useTranslation();
    const here = format.time(at);
    if (!zoneOr(zone) || here === format.time(at, zone)) return null;
    return t("broadcast.going.here", { time: here });
}

/** Zones are named as authors wrote them: one that this browser does not know is left out, and the time is ours. */
export function zoneOr(zone: string): string | undefined {
    try {
        new Intl.DateTimeFormat("en", { timeZone: zone });
        return zone;
    } catch {
        return undefined;
    }
}
