/** How one announcement of the list stands: how far it is, whom it reached, since when. */

import { Caption1, makeStyles, ProgressBar, Text, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Listed } from "../../api/types";
import { format } from "../../ui/format";
import { shares, VIEWS } from "./views";

const useStyles = makeStyles({
    reached: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXXS, minWidth: "120px" },
    faint: { color: tokens.colorNeutralForeground3 },
});

const isGoing = (listed: Listed) => (VIEWS.going as readonly string[]).includes(listed.state);

/** Whether anybody can have been reached. */
export const hasBegun = ({ report, state }: Listed): boolean =>
    (report?.progress.targeted ?? 0) > 0 && state !== "scheduled" && state !== "missed";

/** How many people it is for, as far as anybody knows. */
export const peopleOf = (listed: Listed): number | undefined =>
    listed.report?.progress.targeted || listed.expected || undefined;

export function Reached({ listed }: { listed: Listed }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const progress = listed.report?.progress;
    if (!progress || !hasBegun(listed)) return <Text className={styles.faint}>–</Text>;
    const { settled, reached } = shares(progress);
    const counts = t("broadcasts.reached", {
        reached: format.number(progress.sent),
        all: format.number(progress.targeted),
    });
    return (
        <div className={styles.reached}>
            {isGoing(listed) ? (
                <>
                    <ProgressBar
                        value={settled}
                        thickness="large"
                        color={listed.state === "running" || listed.state === "expanding" ? "brand" : "warning"}
                        aria-label={t("broadcasts.progress")}
                        aria-valuetext={t("broadcasts.settled_share", { share: format.percent(settled) })}
                    />
                    <Caption1 className={styles.faint}>
                        {t("broadcasts.settled_share", { share: format.percent(settled) })}
                    </Caption1>
                </>
            ) : (
                <>
                    <Text>{format.percent(reached)}</Text>
                    <Caption1 className={styles.faint}>{counts}</Caption1>
                </>
            )}
        </div>
    );
}

export function When({ listed, now }: { listed: Listed; now: number }) {
    const { t } = useTranslation();
    const { report, state } = listed;
    const hour = report?.schedule?.start_at;
    if (hour && state === "scheduled") return t("broadcasts.when.starts", { time: format.time(hour) });
    if (hour && state === "missed") return t("broadcasts.when.missed", { time: format.time(hour) });
    if (report?.finished_at && !isGoing(listed))
        return t("broadcasts.when.ended", { ago: format.ago(report.finished_at, now) });
    if (report?.started_at) return t("broadcasts.when.going", { ago: format.ago(report.started_at, now) });
    if (report) return t("broadcasts.when.accepted", { ago: format.ago(report.created_at, now) });
    return t("broadcasts.when.begun", { ago: format.ago(listed.created_at, now) });
}
