/** How fast it goes, when it will have ended, what sets the speed, and whether Teams asked us to wait. */

import { MessageBar, MessageBarBody, makeStyles, Text, tokens, typographyStyles } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import type { QuotaReport, Summary } from "../../api/types";
import { format } from "../../ui/format";
import { moment } from "./counted";
import { rate, type Sample, settled, shown, waiting, withSample } from "./progress";

const useStyles = makeStyles({
    facts: {
        display: "flex",
        flexWrap: "wrap",
        gap: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalXXXL}`,
        margin: `${tokens.spacingVerticalL} 0 0`,
        paddingTop: tokens.spacingVerticalL,
        borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
    },
    fact: { minWidth: "140px", maxWidth: "420px" },
    label: { ...typographyStyles.caption1, color: tokens.colorNeutralForeground3 },
    value: { ...typographyStyles.body1, margin: 0 },
    waits: { marginTop: tokens.spacingVerticalL },
});

export function Going({ summary }: { summary: Summary }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const speed = useSpeed(settled(shown(summary)), summary.state === "running");
    const quotas = useQuotas(summary.state === "running");
    const grounds = summary.forecast;
    const perSecond = speed ?? (summary.state === "running" ? grounds?.people_per_second : undefined);
    const limits = grounds?.unknown_because ? [] : (grounds?.limits ?? []);
    const asked = waiting(quotas, limits);
    // While it rests nothing moves, however fast it was and will be.
    const rests = asked?.until !== undefined;
    return (
        <>
            <dl className={styles.facts}>
                <Fact label={t("broadcast.going.end_label")}>
                    <End summary={summary} />
                </Fact>
                {typeof perSecond === "number" && perSecond > 0 && !rests && (
                    <Fact label={t("broadcast.going.rate_label")}>
                        {t("broadcast.going.rate", { rate: format.decimal(perSecond) })}
                    </Fact>
                )}
                {limits.length > 0 && !rests && (
                    <Fact label={t("broadcast.going.limit_label")}>
                        {limits.map((bucket) => {
                            const quota = quotas.find((quota) => quota.bucket === bucket);
                            const what = t(`broadcast.going.bucket.${bucket}`);
                            return (
                                <div key={bucket}>
                                    {quota
                                        ? t("broadcast.going.limit", {
                                              what: upper(what),
                                              rate: format.decimal(quota.requests / quota.window_seconds),
                                          })
                                        : t("broadcast.going.limit_plain", { what: upper(what) })}
                                </div>
                            );
                        })}
                        {(grounds?.beside ?? 0) > 0 && (
                            <Text size={200}>
                                {t("broadcast.going.beside", {
                                    count: grounds?.beside ?? 0,
                                    formatted: format.number(grounds?.beside ?? 0),
                                })}
                            </Text>
                        )}
                    </Fact>
                )}
            </dl>
            <Waits asked={asked} />
        </>
    );
}

const upper = (text: string) => text.charAt(0).toLocaleUpperCase() + text.slice(1);

function Fact({ label, children }: { label: string; children: ReactNode }) {
    const styles = useStyles();
    return (
        <div className={styles.fact}>
            <dt className={styles.label}>{label}</dt>
            <dd className={styles.value}>{children}</dd>
        </div>
    );
}

/** When it ends, or honestly why nobody can say. */
function End({ summary }: { summary: Summary }) {
    const { t } = useTranslation();
    const because = summary.forecast?.unknown_because;
    if (because) return t(`broadcast.going.unknown.${because}`);
    const seconds = summary.expected_seconds;
    if (!summary.expected_end_at || typeof seconds !== "number") return t("broadcast.going.unknown.calculating");
    if (seconds < 3) return t("broadcast.going.end_soon");
    // To the nearest five seconds: a number that trembles says more than anybody knows.
    const calm = seconds < 60 ? Math.ceil(seconds / 5) * 5 : seconds;
    return t("broadcast.going.end", { duration: format.duration(calm, "long"), time: moment(summary.expected_end_at) });
}

/** What Teams asked of us, in plain words: one sentence, however many quotas it is about. */
function Waits({ asked }: { asked: ReturnType<typeof waiting> }) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <div aria-live="polite">
            {asked && (
                <MessageBar intent="info" layout="multiline" className={styles.waits}>
                    <MessageBarBody>
                        {asked.until
                            ? t("broadcast.going.rests", { time: format.second_clock(asked.until) })
                            : t("broadcast.going.slowed", { share: format.percent(asked.share) })}
                    </MessageBarBody>
                </MessageBar>
            )}
        </div>
    );
}

function useQuotas(isRunning: boolean): QuotaReport[] {
    const { data: told } = useQuery({
        queryKey: ["quotas"],
        queryFn: ({ signal }) => data(api.GET("/api/v1/quotas", { signal })),
        enabled: isRunning,
        refetchInterval: isRunning ? 4_000 : false,
    });
    return isRunning ? (told?.quotas ?? []) : [];
}

/** People a second as we see it, over the last quarter of a minute. */
function useSpeed(settled: number, isRunning: boolean): number | undefined {
    const [samples, setSamples] = useState<Sample[]>([]);
    useEffect(() => {
        setSamples((samples) => (isRunning ? withSample(samples, { at: Date.now(), settled }) : []));
    }, [settled, isRunning]);
    return rate(samples);
}
