/** Reasons, as a table that is a chart: sentence, what helps, how many, and a bar. */

import { Button, Caption1, Link, makeStyles, mergeClasses, Text, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useHref, useLinkClickHandler } from "react-router";
import type { Channels, ReasonCount, RoundKind } from "../../api/types";
import { format } from "../../ui/format";
import { useIsNarrow } from "../../ui/narrow";
import { useReason } from "../../ui/reason";
import { useTableStyles } from "../../ui/table";
import { word } from "./Bar";
import { useColours } from "./colours";
import { countsOf, whomOf } from "./counted";

const useStyles = makeStyles({
    reason: { width: "52%" },
    what: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalXXS,
        fontWeight: tokens.fontWeightRegular,
    },
    faint: { color: tokens.colorNeutralForeground3 },
    share: { minWidth: "120px" },
    track: {
        height: "8px",
        borderRadius: tokens.borderRadiusCircular,
        backgroundColor: tokens.colorNeutralStencil1,
        marginTop: tokens.spacingVerticalXXS,
    },
    fill: { height: "100%", minWidth: "3px", borderRadius: tokens.borderRadiusCircular, forcedColorAdjust: "none" },
    tag: {
        color: tokens.colorNeutralForeground2,
        display: "flex",
        alignItems: "center",
        gap: tokens.spacingHorizontalXS,
    },
    dot: { width: "10px", height: "10px", borderRadius: "3px", flexShrink: 0, forcedColorAdjust: "none" },
    actions: {
        display: "flex",
        flexWrap: "wrap",
        gap: tokens.spacingHorizontalS,
        alignItems: "center",
        justifyContent: "flex-end",
    },
    start: { justifyContent: "flex-start" },
    list: { listStyleType: "none", margin: 0, padding: 0, display: "grid", gap: tokens.spacingVerticalXL },
    item: { display: "grid", gap: tokens.spacingVerticalS },
});

type Props = {
    reasons: ReasonCount[];
    all: number;
    channels: Channels;
    /** Of which rounds, if not of those that tell people. */
    kind?: RoundKind;
    /** Whatever helps would come too late. */
    isOver?: boolean;
    /** Where the people of a reason are shown. */
    place: (reason: ReasonCount) => string;
    /** Whether, and how, they can be tried again. */
    retry?: ((reason: ReasonCount) => void) | undefined;
};

export function Reasons(props: Props) {
    return useIsNarrow() ? <AsList {...props} /> : <AsTable {...props} />;
}

function AsTable(props: Props) {
    const { reasons, all, channels, place, retry } = props;
    const { t } = useTranslation();
    const styles = useStyles();
    const table = useTableStyles();
    return (
        <table className={table.table} aria-label={t(`broadcast.result.of.${whomOf(channels)}.caption`)}>
            <thead>
                <tr>
                    <th scope="col" className={mergeClasses(table.heading, styles.reason)}>
                        {t("broadcast.result.column.reason")}
                    </th>
                    <th scope="col" className={mergeClasses(table.heading, table.number)}>
                        {t(`broadcast.result.of.${whomOf(channels)}.count`)}
                    </th>
                    <th scope="col" className={table.heading}>
                        {t("broadcast.result.column.share")}
                    </th>
                    <th scope="col" className={mergeClasses(table.heading, table.number)}>
                        {t("broadcast.result.column.action")}
                    </th>
                </tr>
            </thead>
            <tbody>
                {reasons.map((reason) => (
                    <tr key={`${reason.settlement} ${reason.code}`}>
                        <th scope="row" className={table.cell}>
                            <What {...props} reason={reason} />
                        </th>
                        <td className={mergeClasses(table.cell, table.number)}>
                            <Text weight="semibold">{format.number(reason.count)}</Text>
                        </td>
                        <td className={mergeClasses(table.cell, styles.share)}>
                            <Share reason={reason} all={all} most={reasons} />
                        </td>
                        <td className={table.cell}>
                            <Actions reason={reason} channels={channels} place={place} retry={retry} />
                        </td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

function AsList(props: Props) {
    const { reasons, all, channels, place, retry } = props;
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <ul className={styles.list} aria-label={t(`broadcast.result.of.${whomOf(channels)}.caption`)}>
            {reasons.map((reason) => (
                <li key={`${reason.settlement} ${reason.code}`} className={styles.item}>
                    <What {...props} reason={reason} />
                    <div>
                        <Text weight="semibold">{format.number(reason.count)}</Text>{" "}
                        <Share reason={reason} all={all} most={reasons} />
                    </div>
                    <Actions reason={reason} channels={channels} place={place} retry={retry} isStart />
                </li>
            ))}
        </ul>
    );
}

function What({ reason, channels, kind, isOver }: Omit<Props, "reasons"> & { reason: ReasonCount }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const colours = useColours();
    const words = useReason()(reason.code, reason);
    return (
        <div className={styles.what}>
            <Caption1 className={styles.tag}>
                <span className={mergeClasses(styles.dot, colours[reason.settlement])} aria-hidden />
                {t(`broadcast.result.${countsOf(channels)}.${word(reason.settlement, channels, kind)}`)}
            </Caption1>
            <Text weight="semibold">{words.sentence}</Text>
            {words.remedy && !isOver && (
                <Text className={styles.faint}>
                    {t("broadcast.result.remedy")} {words.remedy}
                </Text>
            )}
        </div>
    );
}

function Share({ reason, all, most }: { reason: ReasonCount; all: number; most: ReasonCount[] }) {
    const styles = useStyles();
    const colours = useColours();
    const { t } = useTranslation();
    // Bars are compared with each other: the longest is the most frequent reason.
    const longest = Math.max(...most.map(({ count }) => count), 1);
    return (
        <>
            <Caption1>{t("broadcast.result.share", { share: shareOf(reason.count, all) })}</Caption1>
            <div className={mergeClasses(styles.track, colours.pending)} aria-hidden>
                <div
                    className={mergeClasses(styles.fill, colours[reason.settlement])}
                    style={{ width: `${(reason.count / longest) * 100}%` }}
                />
            </div>
        </>
    );
}

function Actions({
    reason,
    channels,
    place,
    retry,
    isStart,
}: { reason: ReasonCount; isStart?: boolean } & Pick<Props, "channels" | "place" | "retry">) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { sentence } = useReason()(reason.code, reason);
    const whom = whomOf(channels);
    const there = place(reason);
    const go = useLinkClickHandler<HTMLAnchorElement>(there);
    const label = { count: reason.count, formatted: format.number(reason.count), reason: sentence };
    return (
        <div className={mergeClasses(styles.actions, isStart && styles.start)}>
            <Link
                href={useHref(there)}
                onClick={go as never}
                aria-label={t(`broadcast.result.of.${whom}.show_label`, label)}
            >
                {t(`broadcast.result.of.${whom}.show`)}
            </Link>
            {retry && (reason.settlement === "failed" || reason.settlement === "unconfirmed") && (
                <Button
                    size="small"
                    onClick={() => retry(reason)}
                    aria-label={t("broadcast.result.retry_label", label)}
                >
                    {t("broadcast.result.retry")}
                </Button>
            )}
        </div>
    );
}

/** Few are not nobody. */
function shareOf(count: number, all: number): string {
    const share = count / Math.max(all, 1);
    return share > 0 && share < 0.001 ? `< ${format.percent(0.001)}` : format.percent(share);
}
