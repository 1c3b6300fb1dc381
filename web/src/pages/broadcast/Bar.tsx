/** Where everybody stands: one bar, and counts below it that visibly add up. */

import {
    Caption1,
    makeStyles,
    mergeClasses,
    Text,
    Tooltip,
    tokens,
    typographyStyles,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Channels, Progress, RoundKind } from "../../api/types";
import { format } from "../../ui/format";
import { PathLink } from "../../ui/PathLink";
import { useColours } from "./colours";
import { countsOf, whomOf } from "./counted";
import { type Outcome, parts } from "./progress";

const useStyles = makeStyles({
    bar: {
        display: "flex",
        gap: "2px",
        height: "14px",
        overflow: "hidden",
        borderRadius: tokens.borderRadiusCircular,
        backgroundColor: tokens.colorNeutralStencil1,
        marginBottom: tokens.spacingVerticalL,
        "@media (forced-colors: active)": { border: "1px solid CanvasText" },
    },
    part: {
        minWidth: "3px",
        transitionProperty: "flex-grow",
        transitionDuration: tokens.durationUltraSlow,
        "@media (prefers-reduced-motion: reduce)": { transitionDuration: "0s" },
        forcedColorAdjust: "none",
    },
    counts: {
        display: "flex",
        flexWrap: "wrap",
        gap: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalXXL}`,
        margin: 0,
    },
    count: { display: "flex", flexDirection: "column-reverse", minWidth: "84px" },
    label: {
        display: "flex",
        alignItems: "center",
        gap: tokens.spacingHorizontalSNudge,
        color: tokens.colorNeutralForeground2,
    },
    swatch: { width: "10px", height: "10px", borderRadius: "3px", flexShrink: 0, forcedColorAdjust: "none" },
    link: { fontSize: "inherit", fontWeight: "inherit", lineHeight: "inherit" },
    number: { ...typographyStyles.subtitle1, margin: 0, fontVariantNumeric: "tabular-nums" },
    sum: { color: tokens.colorNeutralForeground3, marginTop: tokens.spacingVerticalM, display: "block" },
});

/** What *sent* means where Teams tells nobody whether it showed something, and in rounds that do not tell people. */
export type Kind = RoundKind | undefined;
const DONE = { correct: "corrected", recall: "recalled", prepare: "prepared", notify: "accepted" } as const;
const MISSED = { correct: "not_corrected", recall: "not_recalled" } as const;

export function word<T extends Outcome>(outcome: T, channels: Channels, kind?: Kind) {
    if (outcome === "failed" && kind && kind in MISSED) return MISSED[kind as keyof typeof MISSED];
    if (outcome !== "sent") return outcome;
    if (kind && kind in DONE) return DONE[kind as keyof typeof DONE];
    return channels === "feed" ? "accepted" : outcome;
}

type Props = {
    progress: Progress;
    channels: Channels;
    kind?: Kind;
    /** Where the people of an outcome are shown by name. */
    place?: ((outcome: Outcome) => string) | undefined;
};

export function Bar({ progress, channels, kind, place }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const colours = useColours();
    const all = parts(progress);
    const hint = (outcome: Outcome) =>
        word(outcome, channels, kind) === "accepted"
            ? t("broadcast.result.hint.accepted")
            : outcome === "skipped"
              ? t("broadcast.result.hint.skipped")
              : undefined;
    return (
        <div>
            <div className={mergeClasses(styles.bar, colours.pending)} aria-hidden>
                {all.map(({ outcome, count }) => (
                    <div
                        key={outcome}
                        className={mergeClasses(styles.part, colours[outcome])}
                        style={{ flexGrow: count, flexBasis: 0 }}
                        hidden={count === 0}
                    />
                ))}
            </div>
            <dl className={styles.counts} aria-label={t("broadcast.going.bar")}>
                {all.map(({ outcome, count }) => {
                    const told = hint(outcome);
                    const name = t(`broadcast.result.${countsOf(channels)}.${word(outcome, channels, kind)}`);
                    const label = (
                        <dt className={styles.label}>
                            <span className={mergeClasses(styles.swatch, colours[outcome])} aria-hidden />
                            <Caption1>{name}</Caption1>
                        </dt>
                    );
                    return (
                        <div key={outcome} className={styles.count}>
                            {told ? (
                                <Tooltip content={told} relationship="description">
                                    {label}
                                </Tooltip>
                            ) : (
                                label
                            )}
                            <dd className={styles.number}>
                                {place && count > 0 ? (
                                    <PathLink
                                        to={place(outcome)}
                                        className={styles.link}
                                        aria-label={`${name}: ${format.number(count)}`}
                                    >
                                        {format.number(count)}
                                    </PathLink>
                                ) : (
                                    format.number(count)
                                )}
                            </dd>
                        </div>
                    );
                })}
            </dl>
            <Text size={200} className={styles.sum}>
                {t(`broadcast.result.of.${whomOf(channels)}.sum`)}{" "}
                {t("broadcast.going.sum", {
                    terms: all.map(({ count }) => format.number(count)).join(" + "),
                    all: format.number(progress.targeted),
                })}
            </Text>
        </div>
    );
}
