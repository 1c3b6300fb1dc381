/** What a correction or a recall would reach, before anything is begun. */

import { makeStyles, Spinner, Text, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Amending } from "../../api/types";
import { format } from "../../ui/format";
import { Trouble } from "../../ui/Trouble";

const useStyles = makeStyles({
    list: { margin: `${tokens.spacingVerticalXS} 0 0`, paddingInlineStart: tokens.spacingHorizontalXL },
});

/** What it reaches, each way by its name: “37 messages and 38 entries in activity feeds”. */
export function useReached(): (amending: Amending) => string {
    const { t } = useTranslation();
    return ({ rounds }) =>
        format.list(
            rounds.map(({ channel, known }) =>
                t(`broadcast.deed.standing.${channel}`, { count: known, formatted: format.number(known) }),
            ),
        );
}

type Props = { told: Amending | undefined; error: unknown; kind: "correcting" | "recalling"; again: () => void };

export function Reaches({ told, error, kind, again }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const reached = useReached();
    if (error) return <Trouble error={error} onRetry={again} />;
    if (!told) return <Spinner size="tiny" labelPosition="after" label={t(`broadcast.deed.${kind}.counting`)} />;
    return (
        <div role="status">
            <Text weight="semibold">
                {t(`broadcast.deed.${kind}.reaches`, {
                    what: reached(told),
                    duration: format.duration(told.expected_seconds, "long"),
                })}
            </Text>
            <ul className={styles.list}>
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
