/** What can be done with it now: the nearest as buttons, the rest in a menu. */

import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from "@fluentui/react-components";
import {
    ArrowClockwiseRegular,
    ArrowUndoRegular,
    CopyRegular,
    DismissRegular,
    EditRegular,
    MoreHorizontalRegular,
    PauseRegular,
    PlayRegular,
} from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";
import type { BroadcastDocument, BroadcastReport, ReasonCount, Summary } from "../../api/types";
import { useMay } from "../../session/Session";
import { ExportMenu } from "./Exporting";
import { may, roundNow } from "./progress";
import type { Question } from "./Sent";

type Pressed = { mutate: () => void; isPending: boolean };

type Props = {
    document: BroadcastDocument;
    report: Summary;
    ask: (question: Question) => void;
    pause: Pressed;
    resume: Pressed;
    duplicate: { start: () => void; isStarting: boolean };
};

/** Whom another recall could reach: not where Teams never named a message. */
const canGo = ({ settlement, code }: ReasonCount) => settlement !== "sent" && code !== "message_unknown";

/** What is under way is not the announcement itself, but something that was begun after it. */
const isAfterwards = (report: BroadcastReport) => !["send", "prepare", undefined].includes(roundNow(report)?.kind);

export function Actions({ document, report, ask, pause, resume, duplicate }: Props) {
    const { t } = useTranslation();
    const mayWrite = useMay("author", "admin");
    const mayStop = useMay("author", "approver", "admin");
    // It goes to everybody at once: not by one click, and not with words whose time may be over.
    const isUnsent = document.state === "missed" && !report.started_at;
    const isRecalled = Boolean(report.recalled_at);
    const { failed, unconfirmed, sent, targeted } = report.progress;
    const canRetry = mayWrite && may(document, "retry") && !isRecalled && failed + unconfirmed > 0;
    const canAmend = mayWrite && !isRecalled && sent + unconfirmed > 0;
    const isLeft = report.by_reason_afterwards?.some(
        ({ kind, by_reason }) => kind === "recall" && by_reason.some(canGo),
    );
    const canRecallAgain = mayWrite && isRecalled && isLeft;
    return (
        <>
            {mayWrite && may(document, "resume") && (
                <Button
                    appearance="primary"
                    icon={<PlayRegular />}
                    disabledFocusable={resume.isPending}
                    onClick={() => (isUnsent ? ask("start") : resume.mutate())}
                >
                    {t(isUnsent ? "broadcast.deed.resume_missed" : "broadcast.deed.resume")}
                    {isUnsent && " …"}
                </Button>
            )}
            {mayStop && may(document, "pause") && (
                <Button icon={<PauseRegular />} disabledFocusable={pause.isPending} onClick={() => pause.mutate()}>
                    {t("broadcast.deed.pause")}
                </Button>
            )}
            {mayStop && may(document, "cancel") && (
                <Button icon={<DismissRegular />} onClick={() => ask("cancel")}>
                    {t(isAfterwards(report) ? "broadcast.deed.stop" : "broadcast.deed.cancel")}
                </Button>
            )}
            {canRetry && (
                <Button
                    appearance={document.state === "cancelled" ? "secondary" : "primary"}
                    icon={<ArrowClockwiseRegular />}
                    onClick={() => ask("retry")}
                >
                    {t("broadcast.deed.retry")}
                </Button>
            )}
            {targeted > 0 && <ExportMenu id={document.id} />}
            {mayWrite && (
                <Menu>
                    <MenuTrigger disableButtonEnhancement>
                        <Button
                            appearance="subtle"
                            icon={<MoreHorizontalRegular />}
                            aria-label={t("broadcast.deed.more")}
                        />
                    </MenuTrigger>
                    <MenuPopover>
                        <MenuList>
                            {canAmend && may(document, "correct") && (
                                <MenuItem icon={<EditRegular />} onClick={() => ask("correct")}>
                                    {t("broadcast.deed.correct")} …
                                </MenuItem>
                            )}
                            {(canAmend || canRecallAgain) && may(document, "recall") && (
                                <MenuItem icon={<ArrowUndoRegular />} onClick={() => ask("recall")}>
                                    {t(isRecalled ? "broadcast.deed.recall_again" : "broadcast.deed.recall")} …
                                </MenuItem>
                            )}
                            <MenuItem icon={<CopyRegular />} disabled={duplicate.isStarting} onClick={duplicate.start}>
                                {t("broadcast.deed.duplicate")}
                            </MenuItem>
                        </MenuList>
                    </MenuPopover>
                </Menu>
            )}
        </>
    );
}
