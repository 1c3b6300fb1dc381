/** The first part of the page: how far it is, and what became of everybody. */

import { makeStyles, Subtitle1, tokens } from "@fluentui/react-components";
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import type { BroadcastDocument, ReasonCount, Summary } from "../../api/types";
import { useMay } from "../../session/Session";
import { Bar } from "./Bar";
import { whomOf } from "./counted";
import { Going } from "./Going";
import { Notice } from "./Notice";
import { isOver, may, missing, roundBeside, shown } from "./progress";
import { Reasons } from "./Reasons";
import { Rounds } from "./Rounds";
import { Verdict } from "./Verdict";

const useStyles = makeStyles({
    panel: {
        backgroundColor: tokens.colorNeutralBackground1,
        borderRadius: tokens.borderRadiusXLarge,
        boxShadow: tokens.shadow2,
        // Seen in high contrast only, which knows no shadows.
        border: `1px solid ${tokens.colorTransparentStroke}`,
        padding: tokens.spacingHorizontalXXL,
        marginBottom: tokens.spacingVerticalXL,
        "@media (max-width: 640px)": { padding: tokens.spacingHorizontalL },
    },
    heading: { margin: `0 0 ${tokens.spacingVerticalL}` },
});

export function Panel({ title, children }: { title?: string | undefined; children: ReactNode }) {
    const styles = useStyles();
    const id = useId();
    return (
        <section className={styles.panel} aria-labelledby={title ? id : undefined}>
            {title && (
                <Subtitle1 as="h2" id={id} className={styles.heading} block>
                    {title}
                </Subtitle1>
            )}
            {children}
        </section>
    );
}

type Props = { document: BroadcastDocument; report: Summary; retry: (reason?: ReasonCount) => void };

export function Overview({ document, report, retry }: Props) {
    const { t } = useTranslation();
    const mayRetry = useMay("author", "admin") && may(document, "retry") && !report.recalled_at;
    const reasons = missing(report);
    const whom = whomOf(report.channels);
    const hasPeople = report.progress.targeted > 0;
    // One that waits for its hour has nobody yet.
    const begun = report.rounds.filter(({ progress }) => progress.targeted > 0);
    const beside = roundBeside(report);
    const isOverNow = isOver(report.state);
    const people = (query: Record<string, string>) => `/broadcasts/${document.id}/people?${new URLSearchParams(query)}`;
    // Once it is taken back, whom that did not reach is what matters.
    const why = reasons.length > 0 && (
        <Panel
            title={
                isOverNow || beside ? t(`broadcast.result.of.${whom}.why`) : t(`broadcast.result.of.${whom}.why_now`)
            }
        >
            <Reasons
                reasons={reasons}
                all={report.progress.targeted}
                channels={report.channels}
                isOver={Boolean(report.recalled_at)}
                place={({ code, settlement }) => people({ state: settlement, reason: code })}
                retry={mayRetry ? retry : undefined}
            />
        </Panel>
    );
    return (
        <>
            <Notice report={report} />
            {(hasPeople || isOverNow) && report.state !== "scheduled" && (
                <Panel title={isOverNow ? undefined : t(`broadcast.going.heading.${beside?.kind ?? "send"}`)}>
                    <Verdict summary={report} />
                    {hasPeople && (
                        <Bar
                            progress={shown(report)}
                            channels={report.channels}
                            kind={beside?.kind}
                            place={beside ? undefined : (state) => people({ state })}
                        />
                    )}
                    {!isOverNow && report.state !== "missed" && <Going summary={report} />}
                </Panel>
            )}
            {!report.recalled_at && why}
            {(report.by_reason_afterwards ?? []).map(({ kind, channel, by_reason }) => {
                const listed = by_reason.filter(({ settlement, count }) => settlement !== "sent" && count > 0);
                const title = afterwards(kind);
                if (!title || listed.length === 0) return null;
                const round = report.rounds.findLast((round) => round.kind === kind && round.channel === channel);
                return (
                    <Panel key={`${kind} ${channel}`} title={t(`broadcast.result.afterwards.${title}`)}>
                        <Reasons
                            reasons={listed}
                            all={round?.progress.targeted ?? 0}
                            channels={report.channels}
                            kind={kind}
                            place={({ code, settlement }) => people({ kind, channel, state: settlement, reason: code })}
                        />
                    </Panel>
                );
            })}
            {report.recalled_at && why}
            {begun.length > 1 && (
                <Panel title={t("broadcast.result.rounds")}>
                    <Rounds rounds={begun} />
                </Panel>
            )}
        </>
    );
}

const afterwards = (kind: string) =>
    kind === "correct" || kind === "recall" || kind === "notify" || kind === "prepare" ? kind : undefined;
