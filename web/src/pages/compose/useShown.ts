/** What there is to show of a manuscript: the server's own card, of what is written, or of as much as can be shown. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Manuscript, MessagePreview, Validation } from "../../api/types";
import { isBlank, presentable } from "./presentable";
import { useSettled, validation } from "./validation";

export type Shown = {
    message: MessagePreview | undefined;
    notification: NonNullable<Validation["notification"]> | undefined;
    /** As people get it, with samples for what lacks, or as it was before something that cannot be shown. */
    as: "written" | "unfinished" | "stale";
    isBlank: boolean;
    /** The server has not said yet how it looks. */
    isAwaited: boolean;
};

export function useShown(manuscript: Manuscript): Shown {
    const { t } = useTranslation();
    const settled = useSettled(manuscript);
    const { data: told } = useQuery({ ...validation(settled), placeholderData: keepPreviousData });
    const samples = {
        title: t("compose.preview.sample_title"),
        body: t("compose.preview.sample_body"),
        button: t("compose.preview.sample_button"),
        description: t("compose.preview.sample_description"),
    };
    const isOfFeed = settled.channel === "feed";
    const hasFeed = isOfFeed || settled.channel === "both";
    const isWanting =
        told !== undefined && !isBlank(settled) && ((!isOfFeed && !told.message) || (hasFeed && !told.notification));
    const { data: retold } = useQuery({
        ...validation(presentable(settled, told?.faults ?? [], samples)),
        enabled: isWanting,
        placeholderData: keepPreviousData,
    });

    const again = isWanting ? retold : undefined;
    const message = told?.message ?? again?.message ?? undefined;
    // The last good one stays while something is written that cannot be shown.
    const [last, keep] = useState(message);
    if (message && message !== last) keep(message);
    return {
        message: isOfFeed || isBlank(settled) ? undefined : (message ?? last),
        notification: (hasFeed && (told?.notification ?? again?.notification)) || undefined,
        as: told?.message ? "written" : message ? "unfinished" : "stale",
        isBlank: isBlank(settled),
        isAwaited: told === undefined || (isWanting && retold === undefined),
    };
}
