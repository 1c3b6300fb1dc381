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

type Props = {
    state: BroadcastState;
    /** It was taken back, or is being so: that says more than that something is done, or goes out. */
    isRecalled?: boolean;
};

/** How a broadcast stands, in words; the colour says nothing that the words do not. */
export function StateBadge({ state, isRecalled = false }: Props) {
    const { t } = useTranslation();
    if (isRecalled && (state === "done" || state === "running" || state === "expanding"))
        return (
            <Badge appearance="tint" color={state === "done" ? "informative" : "warning"} size="large">
                {t(state === "done" ? "common.recalled" : "common.recalling")}
            </Badge>
        );
    return (
        <Badge appearance="tint" color={COLOURS[state]} size="large">
            {t(`common.state.${state}`)}
        </Badge>
    );
}
