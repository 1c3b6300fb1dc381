import { Badge } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { BroadcastState } from "../api/types";

const COLOURS: Record<BroadcastState, "brand" | "informative" | "success" | "warning" | "danger" | "subtle"> = {
    draft: "informative",
    awaiting_approval: "warning",
    scheduled: "brand",
    expanding: "brand",
    running: "brand",
    paused: "warning",
    halted: "danger",
    cancelling: "warning",
    cancelled: "informative",
    done: "success",
    missed: "danger",
};

/** How a broadcast stands, in words; the colour says nothing that the words do not. */
export function StateBadge({ state }: { state: BroadcastState }) {
    const { t } = useTranslation();
    return (
        <Badge appearance="tint" color={COLOURS[state]} size="large">
            {t(`common.state.${state}`)}
        </Badge>
    );
}
