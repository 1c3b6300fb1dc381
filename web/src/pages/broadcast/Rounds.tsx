/** What happened to it, one round after the other. */

import { Caption1, makeStyles, mergeClasses, Text, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { RoundReport } from "../../api/types";
import { format } from "../../ui/format";
import { settled } from "./progress";

const useStyles = makeStyles({
    rounds: { listStyleType: "none", margin: 0, padding: 0 },
    round: {
        display: "flex",
        gap: tokens.spacingHorizontalM,
        position: "relative",
        paddingBottom: tokens.spacingVerticalL,
    },
    rail: { display: "flex", flexDirection: "column", alignItems: "center", paddingTop: "5px" },
    dot: {
        width: "10px",
        height: "10px",
        borderRadius: "50%",
        backgroundColor: tokens.colorCompoundBrandBackground,
        flexShrink: 0,
    },
    open: {
        backgroundColor: "transparent",
        border: `2px solid ${tokens.colorCompoundBrandStroke}`,
        boxSizing: "border-box",
    },
    line: {
        width: "2px",
        flexGrow: 1,
        backgroundColor: tokens.colorNeutralStroke2,
        marginTop: "4px",
        marginBottom: "-18px",
    },
    faint: { color: tokens.colorNeutralForeground3 },
    words: { display: "flex", flexDirection: "column" },
});

export function Rounds({ rounds }: { rounds: RoundReport[] }) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <ol className={styles.rounds}>
            {rounds.map((round, index) => {
                const { kind, progress, state } = round;
                const missed = progress.failed + progress.unconfirmed;
                return (
                    <li key={round.id} className={styles.round}>
                        <div className={styles.rail} aria-hidden>
                            <span className={mergeClasses(styles.dot, state !== "done" && styles.open)} />
                            {index < rounds.length - 1 && <span className={styles.line} />}
                        </div>
                        <div className={styles.words}>
                            <Text weight="semibold">{t(`broadcast.result.round.${kind}`)}</Text>
                            <Text>
                                {t("broadcast.result.round_counts", {
                                    done: format.number(state === "done" ? progress.sent : settled(progress)),
                                    all: format.number(progress.targeted),
                                })}
                                {state === "done" && missed > 0 && (
                                    <>
                                        ,{" "}
                                        {t("broadcast.result.round_rest", {
                                            count: missed,
                                            formatted: format.number(missed),
                                        })}
                                    </>
                                )}
                            </Text>
                            <Caption1 className={styles.faint}>
                                {format.time(round.created_at)} · {t(`broadcast.result.round_state.${state}`)}
                            </Caption1>
                        </div>
                    </li>
                );
            })}
        </ol>
    );
}
