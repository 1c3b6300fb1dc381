/** Hours as the clock on somebody's wall shows them. */

/** The zone of this browser. */
export const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Every zone, and UTC, which some browsers leave out. */
export const zones = (): string[] => [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])];

/** What the clock on the wall shows in `zone` at an instant, as if it were UTC, in milliseconds. */
function wall(instant: number, zone: string): number {
    const parts = new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
    }).formatToParts(instant);
    const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((it) => it.type === type)?.value);
    return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

/**
 * The instant at which clocks in `zone` show `at`, such as `2026-12-01T09:00`; nothing when it is no hour or no zone. Of two
 * equal hours the earlier; an hour that is skipped is the one after.
 */
export function instantOf(at: string, zone: string): Date | undefined {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(at)) return undefined;
    const shown = Date.parse(`${at}Z`);
    if (Number.isNaN(shown)) return undefined;
    try {
        const day = 86_400_000;
        // What the offset is a day before and a day after is what it can be.
        const offsets = [wall(shown - day, zone) - (shown - day), wall(shown + day, zone) - (shown + day)];
        const fitting = offsets.map((offset) => shown - offset).filter((instant) => wall(instant, zone) === shown);
        const instant = fitting.length > 0 ? Math.min(...fitting) : shown - Math.min(...offsets);
        return new Date(instant);
    } catch {
        return undefined;
    }
}

/** What clocks in `zone` show at `instant`, as a draft says it. */
export function wallOf(instant: Date, zone: string): string {
    return new Date(wall(Math.floor(instant.getTime() / 1000) * 1000, zone)).toISOString().slice(0, 16);
}

/** The next full hour that is at least an hour away, as clocks in `zone` show it. */
export function soon(now: Date, zone: string): string {
    const hour = 3_600_000;
    return wallOf(new Date(Math.ceil((now.getTime() + hour) / hour) * hour), zone);
}

/** “Berlin” of `Europe/Berlin`. */
export const city = (zone: string) => (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");

/** “GMT+1” */
export function offsetOf(zone: string, at: Date, language: string): string {
    const parts = new Intl.DateTimeFormat(language, { timeZone: zone, timeZoneName: "shortOffset" }).formatToParts(at);
    return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}
