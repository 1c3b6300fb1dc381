/** “2,000 people”, or channels where it is posted in those. */

import { useTranslation } from "react-i18next";
import type { Channels } from "../../api/types";
import { format, usePeople } from "../../ui/format";

export function useCounted(channels: Channels): (count: number) => string {
    const { t } = useTranslation();
    const people = usePeople();
    return (count) =>
        channels === "team_channel"
            ? t("broadcast.channels", { count, formatted: format.number(count) })
            : people(count);
}

/** Whether words are about people, or about channels where it is posted in those. */
export const whomOf = (channels: Channels) => (channels === "team_channel" ? "channels" : "people");
/** The names of outcomes, of people or of channels. */
export const countsOf = (channels: Channels) => (channels === "team_channel" ? "counts_of_channels" : "counts");

/** 14:05, or with its day where that is not today. */
export function moment(iso: string, now = new Date()): string {
    return new Date(iso).toDateString() === now.toDateString() ? format.clock(iso) : format.time(iso);
}
