/** What a correction or a recall would reach, before anything is begun. */

import { makeStyles, Spinner, Text, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Amending } from "../../api/types";
import { format } from "../../ui/format";
import { Trouble } from "../../ui/Trouble";

const useStyles = makeStyles({
    list: { margin: `${tokens.spacingVerticalXS} 0 0`, paddingInlineStart: tokens.spacingHorizontalXL },
});

/** How many messages it reaches in all. */
export const reached = (amending: Amending): number => amending.rounds.reduce((sum, { known }) => sum + known, 0);

type Props = { told: Amending | undefined; error: unknown; kind: "correcting" | "recalling"; again: () => void };

export function Reaches({ told, error, kind, again }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    if (error) return <Trouble error={error} onRetry={again} />;
    if (!told) return <Spinner size="tiny" labelPosition="after" label={t(`broadcast.deed.${kind}.counting`)} />;
    const count = reached(told);
    const number = (count: number) => ({ count, formatted: format.number(count) });
    return (
        <div role="status">
            <Text weight="semibold">
                {t(`broadcast.deed.${kind}.reaches`, {
                    ...number(count),
                    duration: format.duration(told.expected_seconds, "long"),
                })}
            </Text>
            <ul className={styles.list}>
                {told.rounds.length > 1 &&
                    told.rounds.map(({ channel, known }) => (
                        <li key={channel}>
                            {t("broadcast.deed.standing.line", {
                                channel: t(`broadcast.deed.standing.channel.${channel}`),
                                known: format.number(known),
                            })}
                        </li>
                    ))}
                {told.rounds.map(({ channel, unknown, doubted }) => (
                    <Doubts key={channel} unknown={unknown} doubted={doubted} />
                ))}
            </ul>
        </div>
    );
}

function Doubts({ unknown, doubted }: { unknown: number; doubted: number }) {
    const { t } = useTranslation();
    const number = (count: number) => ({ count, formatted: format.number(count) });
    return (
        <>
            {unknown > 0 && <li>{t("broadcast.deed.standing.unknown", number(unknown))}</li>}
            {doubted > 0 && <li>{t("broadcast.deed.standing.doubted", number(doubted))}</li>}
        </>
    );
}
