/** What became of everybody: in one sentence, and by reason with what helps. */

import { Body1, makeStyles, mergeClasses, Subtitle1, Text, tokens } from "@fluentui/react-components";
import { CheckmarkCircleFilled, InfoFilled, WarningFilled } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";
import type { Summary } from "../../api/types";
import { useNow } from "../../ui/clockwork";
import { format } from "../../ui/format";
import { useCounted, whomOf } from "./counted";
import { isOver, verdict } from "./progress";

const useStyles = makeStyles({
    verdict: {
        display: "flex",
        gap: tokens.spacingHorizontalM,
        alignItems: "flex-start",
        marginBottom: tokens.spacingVerticalXL,
    },
    icon: { fontSize: "28px", flexShrink: 0, lineHeight: 1 },
    well: { color: tokens.colorStatusSuccessForeground1 },
    partly: { color: tokens.colorStatusWarningForeground3 },
    quiet: { color: tokens.colorNeutralForeground3 },
    words: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS },
    faint: { color: tokens.colorNeutralForeground3 },
});

/** One sentence that says how it went, before all numbers. */
export function Verdict({ summary }: { summary: Summary }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const now = useNow(10_000);
    const counted = useCounted(summary.channels);
    const { progress, state, recalled_at, finished_at, started_at } = summary;
    if (!isOver(state)) return null;
    const kind = verdict(progress);
    // Of a feed it is only known that Teams took something for somebody.
    const told = summary.channels === "feed" ? "feed" : whomOf(summary.channels);
    const isNobody = state === "cancelled" && progress.sent + progress.unconfirmed === 0;
    const recall = summary.rounds.findLast((round) => round.kind === "recall");
    const isQuiet = Boolean(recalled_at) || state === "cancelled";
    const isWell = kind === "all_reached" || kind === "all_reachable_reached";
    const Icon = isQuiet ? InfoFilled : isWell ? CheckmarkCircleFilled : WarningFilled;
    const took = finished_at && started_at ? (Date.parse(finished_at) - Date.parse(started_at)) / 1000 : undefined;
    const isRetried = summary.rounds.length > 1;
    // Whoever has tried again wants to know what came of it before all else.
    const last = summary.rounds.findLast(({ kind }) => kind !== "prepare");
    const tried = last?.kind === "retry" && last.state === "done" ? last : undefined;
    return (
        <div className={styles.verdict} role="status">
            <Icon
                className={mergeClasses(styles.icon, isQuiet ? styles.quiet : isWell ? styles.well : styles.partly)}
                aria-hidden
            />
            <div className={styles.words}>
                <Subtitle1 as="h2" style={{ margin: 0 }}>
                    {recalled_at
                        ? recall
                            ? t("broadcast.result.recalled", {
                                  when: format.ago(recall.finished_at ?? recalled_at, now),
                                  count: recall.progress.sent,
                                  formatted: format.number(recall.progress.sent),
                                  all: format.number(recall.progress.targeted),
                              })
                            : t("broadcast.result.recalled_now")
                        : isNobody
                          ? t("broadcast.result.cancelled_before")
                          : state === "cancelled" && progress.cancelled > 0 && finished_at
                            ? t("broadcast.result.cancelled", {
                                  when: format.ago(finished_at, now),
                                  reached: counted(progress.sent),
                                  cancelled: format.number(progress.cancelled),
                              })
                            : t(`broadcast.result.verdict.${told}.${kind}`, {
                                  reached: format.number(progress.sent),
                                  all: counted(progress.targeted),
                              })}
                </Subtitle1>
                {recalled_at && (
                    <Body1>
                        {t("broadcast.result.had", {
                            reached: format.number(progress.sent),
                            all: counted(progress.targeted),
                        })}
                    </Body1>
                )}
                {!recalled_at && progress.failed > 0 && (
                    <Body1>
                        {t(isNobody ? "broadcast.result.cancelled_rest" : "broadcast.result.missing", {
                            count: progress.failed,
                            formatted: format.number(progress.failed),
                        })}
                    </Body1>
                )}
                {!recalled_at && progress.unconfirmed > 0 && (
                    <Body1>
                        {t("broadcast.result.doubted", {
                            count: progress.unconfirmed,
                            formatted: format.number(progress.unconfirmed),
                        })}
                    </Body1>
                )}
                {tried && !recalled_at && (
                    <Body1>
                        {t(tried.progress.sent === 0 ? "broadcast.result.tried_none" : "broadcast.result.tried_some", {
                            reached: format.number(tried.progress.sent),
                            all: format.number(tried.progress.targeted),
                        })}
                    </Body1>
                )}
                {told === "feed" && !recalled_at && !isNobody && progress.sent > 0 && (
                    <Body1>{t("broadcast.result.shown_unknown")}</Body1>
                )}
                {took !== undefined && !isRetried && !isNobody && (
                    <Text size={200} className={styles.faint}>
                        {t("broadcast.result.took", { duration: format.duration(took, "long") })}
                    </Text>
                )}
            </div>
        </div>
    );
}
