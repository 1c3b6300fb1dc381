/** What somebody must know of a broadcast that does not simply go: why it stands still, and what to do. */

import { Caption1, MessageBar, MessageBarBody, MessageBarTitle, makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { BroadcastReport, HaltReason } from "../../api/types";
import { useMay } from "../../session/Session";
import { useNow } from "../../ui/clockwork";
import { format } from "../../ui/format";
import { useHalt } from "../../ui/reason";
import { useCounted } from "./counted";
import { useMeantHour } from "./hour";
import { shown } from "./progress";

const useStyles = makeStyles({
    bar: { marginBottom: tokens.spacingVerticalL, paddingBlock: tokens.spacingVerticalMNudge },
    line: { margin: `${tokens.spacingVerticalXS} 0 0` },
    detail: { overflowWrap: "anywhere", marginTop: tokens.spacingVerticalXS },
    summary: { cursor: "pointer", width: "fit-content", minHeight: "24px" },
});

function Told({
    intent,
    title,
    children,
}: {
    intent: "info" | "warning" | "error";
    title: ReactNode;
    children: ReactNode;
}) {
    const styles = useStyles();
    return (
        <MessageBar intent={intent} layout="multiline" className={styles.bar} politeness="polite">
            <MessageBarBody>
                <MessageBarTitle>{title}</MessageBarTitle>
                {children}
            </MessageBarBody>
        </MessageBar>
    );
}

export function Notice({ report }: { report: BroadcastReport }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const counted = useCounted(report.channels);
    const { sent, pending } = shown(report);
    const hour = useMeantHour();
    const mayResume = useMay("author", "admin");
    const isUnsent = report.schedule && !report.started_at;
    switch (report.state) {
        case "scheduled":
            return <Scheduled report={report} />;
        case "expanding":
            return (
                <Told intent="info" title={t("broadcast.going.expanding.title")}>
                    <p className={styles.line}>{t("broadcast.going.expanding.text")}</p>
                </Told>
            );
        case "paused":
            return (
                <Told intent="warning" title={t("broadcast.going.paused.title")}>
                    <p className={styles.line}>
                        {t(sent === 0 ? "broadcast.going.paused.none" : "broadcast.going.paused.text", {
                            reached: counted(sent),
                            pending: format.number(pending),
                        })}{" "}
                        {mayResume && t("broadcast.going.paused.you")}
                    </p>
                </Told>
            );
        case "halted":
            return <Halted report={report} />;
        case "missed":
            return (
                <Told intent="warning" title={t("broadcast.going.missed.title")}>
                    <p className={styles.line}>
                        {isUnsent && report.schedule
                            ? t("broadcast.going.missed.text", hour(report.schedule))
                            : t("broadcast.going.missed.stale")}
                    </p>
                    <p className={styles.line}>
                        {t(`broadcast.going.missed.${!mayResume ? "others" : isUnsent ? "you" : "you_stale"}`)}
                    </p>
                </Told>
            );
        case "cancelling":
            return (
                <Told intent="info" title={t("broadcast.going.cancelling.title")}>
                    <p className={styles.line}>{t("broadcast.going.cancelling.text")}</p>
                </Told>
            );
        default:
            return null;
    }
}

/** What may have stopped this announcement alone. Whatever else stops them all, and is tried again every minute. */
const OF_ONE: HaltReason[] = [
    "permission_missing",
    "app_not_in_team",
    "app_not_named",
    "audience_gone",
    "content_refused",
];

function Halted({ report }: { report: BroadcastReport }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const inWords = useHalt();
    const mayResume = useMay("author", "admin");
    const halt = report.halt;
    const isOfAll = halt && !OF_ONE.includes(halt.reason);
    const words = halt ? inWords(halt.reason) : undefined;
    return (
        <Told intent="error" title={t("broadcast.going.halted.title")}>
            {halt && words && (
                <>
                    <p className={styles.line}>
                        {words.sentence} {t("broadcast.going.halted.since", { time: format.time(halt.since) })}
                    </p>
                    <p className={styles.line}>
                        <strong>{t("broadcast.result.remedy")}</strong> {words.remedy}
                    </p>
                    {halt.detail && (
                        <details className={styles.detail}>
                            <summary className={styles.summary}>{t("broadcast.going.halted.detail")}</summary>
                            <Caption1 lang="en">{halt.detail}</Caption1>
                        </details>
                    )}
                </>
            )}
            <p className={styles.line}>
                {t(isOfAll ? "broadcast.going.halted.by_itself" : "broadcast.going.halted.afterwards")}{" "}
                {isOfAll && mayResume && t("broadcast.going.halted.you")}
            </p>
        </Told>
    );
}

function Scheduled({ report }: { report: BroadcastReport }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const hour = useMeantHour();
    const now = useNow();
    const { schedule, expected, rounds } = report;
    if (!schedule) return null;
    const left = (new Date(schedule.start_at).getTime() - now) / 1000;
    const preparing = rounds.find(({ kind, progress }) => kind === "prepare" && progress.targeted > 0);
    const prepared = preparing?.progress.sent;
    const { time, zone } = hour(schedule);
    return (
        <Told
            intent="info"
            title={
                <>
                    {t("broadcast.going.scheduled.title", { time })} {t("broadcast.going.scheduled.zone", { zone })}
                    {" – "}
                    {left > 0
                        ? t("broadcast.going.scheduled.in", { duration: format.duration(left, "long") })
                        : t("broadcast.going.scheduled.now")}
                </>
            }
        >
            {typeof expected === "number" && (
                <p className={styles.line}>
                    {t("broadcast.going.scheduled.expected", { count: expected, formatted: format.number(expected) })}
                </p>
            )}
            {prepared !== undefined ? (
                <p className={styles.line}>
                    {t("broadcast.going.scheduled.prepared", { count: prepared, formatted: format.number(prepared) })}
                </p>
            ) : (
                schedule.prepare_at && (
                    <p className={styles.line}>
                        {t("broadcast.going.scheduled.prepare", { time: format.time(schedule.prepare_at) })}
                    </p>
                )
            )}
            <p className={styles.line}>{t("broadcast.going.scheduled.change")}</p>
        </Told>
    );
}
