/** What people read, and all about it: whom it is for, when, and who wrote and approved it. */

import { makeStyles, Text, tokens, typographyStyles } from "@fluentui/react-components";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { BroadcastDocument, Summary } from "../../api/types";
import { format } from "../../ui/format";
import { useByline } from "../broadcasts/byline";
import { Preview } from "../compose/Preview";
import { manuscriptOf } from "./correction";
import { Panel } from "./Overview";

const useStyles = makeStyles({
    columns: {
        display: "grid",
        gridTemplateColumns: "minmax(0, 3fr) minmax(0, 2fr)",
        alignItems: "start",
        gap: tokens.spacingHorizontalXL,
        "@media (max-width: 800px)": { gridTemplateColumns: "minmax(0, 1fr)", gap: 0 },
    },
    hint: { color: tokens.colorNeutralForeground3, display: "block", marginBottom: tokens.spacingVerticalM },
    facts: { margin: 0, display: "grid", gap: tokens.spacingVerticalM },
    label: { ...typographyStyles.caption1, color: tokens.colorNeutralForeground3 },
    value: { margin: 0, overflowWrap: "anywhere" },
});

export function Said({ document, report }: { document: BroadcastDocument; report: Summary }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { said } = document;
    const manuscript = useMemo(() => said && manuscriptOf(said, report.channels), [said, report.channels]);
    return (
        <div className={styles.columns}>
            <Panel title={t("broadcast.part.said")}>
                <Text className={styles.hint}>
                    {t(report.recalled_at ? "broadcast.said.replaced" : "broadcast.said.now")}
                </Text>
                {said && manuscript && (
                    <Preview
                        key={JSON.stringify(said)}
                        manuscript={manuscript}
                        sent={{ notification: said.notification ?? undefined }}
                    />
                )}
            </Panel>
            <Panel title={t("broadcast.said.about")}>
                <About document={document} report={report} />
            </Panel>
        </div>
    );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
    const styles = useStyles();
    return (
        <div>
            <dt className={styles.label}>{label}</dt>
            <dd className={styles.value}>{children}</dd>
        </div>
    );
}

function About({ document, report }: { document: BroadcastDocument; report: Summary }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { draft } = document;
    const { audience, treatment, schedule } = report;
    const byline = useByline();
    const signed = ({ name, at }: { name: string; at: string }) =>
        t("broadcast.said.signature", { name: byline(name), time: format.time(at) });
    return (
        <dl className={styles.facts}>
            <Fact label={t("broadcast.said.audience")}>
                {audience.kind === "expression"
                    ? audience.expression
                    : t(`broadcast.said.audience_kind.${audience.kind}`)}
            </Fact>
            <Fact label={t("broadcast.said.channels")}>{t(`broadcast.said.channels_kind.${report.channels}`)}</Fact>
            <Fact label={t("broadcast.said.written")}>
                {draft ? signed(draft.edited) : t("broadcast.said.command_line")}
            </Fact>
            {draft?.submitted && <Fact label={t("broadcast.said.submitted")}>{signed(draft.submitted)}</Fact>}
            {draft?.decided && <Fact label={t("broadcast.said.decided")}>{signed(draft.decided)}</Fact>}
            {schedule && <Fact label={t("broadcast.said.scheduled")}>{format.time(schedule.start_at)}</Fact>}
            {report.started_at && <Fact label={t("broadcast.said.sent")}>{format.time(report.started_at)}</Fact>}
            {report.finished_at && <Fact label={t("broadcast.said.finished")}>{format.time(report.finished_at)}</Fact>}
            <Fact label={t("broadcast.said.doubt")}>{t(`broadcast.said.doubt_kind.${treatment.when_in_doubt}`)}</Fact>
            {treatment.urgent && <Fact label={t("broadcast.said.treatment")}>{t("broadcast.said.urgent")}</Fact>}
            <Fact label={t("broadcast.said.deadline")}>{format.time(treatment.deadline_at)}</Fact>
            {report.expire_at && <Fact label={t("broadcast.said.expire")}>{format.time(report.expire_at)}</Fact>}
        </dl>
    );
}
