/** What was handed in and waits for a second person: they read it, see whom it reaches, and release it or give it back. */

import { Body1, Button, Caption1, MessageBar, MessageBarBody, makeStyles, tokens } from "@fluentui/react-components";
import { CheckmarkCircleRegular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../api/client";
import { type Fault, isPassing } from "../../api/problem";
import { broadcast, keys } from "../../api/queries";
import { useMay, useMe } from "../../session/Session";
import { format, usePeople } from "../../ui/format";
import { Passages } from "../../ui/Passages";
import { faultPassages } from "../../ui/slip";
import { Trouble } from "../../ui/Trouble";
import { DryRunPanel } from "./audience/DryRunPanel";
import { useDryRun } from "./audience/dryRun";
import { useDraft } from "./draft";
import { Preview } from "./Preview";
import { Confirm } from "./send/Confirm";
import { inWords } from "./send/duration";
import { useHour } from "./send/hour";
import { RejectDialog } from "./send/RejectDialog";
import { Section } from "./send/Section";
import { Whom } from "./send/Whom";

const useStyles = makeStyles({
    page: {
        display: "grid",
        gridTemplateColumns: "minmax(0, 1fr) 340px",
        gap: tokens.spacingHorizontalXXXL,
        alignItems: "start",
        "@media (max-width: 860px)": { gridTemplateColumns: "minmax(0, 1fr)" },
    },
    beside: { position: "sticky", top: tokens.spacingVerticalL },
    preview: { width: "100%", maxWidth: "560px" },
    actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
    list: { margin: 0, paddingLeft: tokens.spacingHorizontalL },
    quiet: { color: tokens.colorNeutralForeground2 },
});

/** How often it is looked whether somebody has decided, in milliseconds. */
const DECIDED_EVERY = 15_000;

/** It may grow by so much between handing in and releasing: the server asks for no more than a look. */
const hasGrown = (now: number, then: number) => now > then + then / 20 + 10;

export function Review() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { document, manuscript } = useDraft();
    const counted = useDryRun();
    // Somebody else decides, on another machine.
    useQuery({ ...broadcast(document.id), refetchInterval: DECIDED_EVERY });
    return (
        <div className={styles.page}>
            <div>
                <Story />
                <Section title={t("send.what.title")}>
                    <div className={styles.preview}>
                        <Preview manuscript={manuscript} />
                    </div>
                </Section>
                <Whom counted={counted} isFixed />
                <Treatment ofHour={counted.ofHour} />
                <Decision counted={counted} />
            </div>
            <div className={styles.beside}>
                <DryRunPanel counted={counted} />
            </div>
        </div>
    );
}

/** Who wrote it, and who handed it in, and when. */
function Story() {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const { draft } = useDraft().document;
    if (!draft) return null;
    const { created, submitted, edited, expected } = draft;
    return (
        <Section title={t("send.review.title")}>
            <Body1>
                {submitted && t("send.review.handed_in", { name: submitted.name, time: format.time(submitted.at) })}{" "}
                {created.subject !== submitted?.subject && t("send.review.begun", { name: created.name })}{" "}
                {edited.subject !== submitted?.subject &&
                    edited.subject !== created.subject &&
                    t("send.review.edited", { name: edited.name })}
            </Body1>
            {expected !== null && expected !== undefined && (
                <Caption1 className={styles.quiet}>{t("send.review.expected", { people: people(expected) })}</Caption1>
            )}
        </Section>
    );
}

/** When and how, of what is not as usual. */
function Treatment({ ofHour }: { ofHour: Fault[] }) {
    const { t, i18n } = useTranslation();
    const styles = useStyles();
    const { manuscript } = useDraft();
    const hour = useHour();
    const span = (text: string) => inWords(text, i18n.language);
    const facts = [
        manuscript.urgent && t("send.urgent.label"),
        manuscript.when_in_doubt === "resend" && t("send.doubt.resend"),
        manuscript.deadline &&
            t("send.review.fact", { what: t("send.deadline.label"), span: span(manuscript.deadline) }),
        manuscript.expire_after &&
            t("send.review.fact", { what: t("send.expire_after.label"), span: span(manuscript.expire_after) }),
        manuscript.accept_partial && t("send.review.partial"),
    ].filter((fact) => typeof fact === "string");
    return (
        <Section title={t("send.when.title")}>
            <Body1>{hour ? hour.sentence : t("send.review.at_once")}</Body1>
            {hour?.elsewhere && <Caption1 className={styles.quiet}>{hour.elsewhere}</Caption1>}
            {hour?.isPast && <Body1>{t("send.review.past")}</Body1>}
            {ofHour.map((fault) => (
                <Body1 key={fault.problem}>
                    <Passages of={faultPassages(fault, t("send.when.title"))} />
                </Body1>
            ))}
            {facts.length > 0 && (
                <ul className={styles.list}>
                    {facts.map((fact) => (
                        <li key={fact}>{fact}</li>
                    ))}
                </ul>
            )}
        </Section>
    );
}

function Decision({ counted }: { counted: ReturnType<typeof useDryRun> }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const { who } = useMe();
    const mayApprove = useMay("approver", "admin");
    const mayWrite = useMay("author", "admin");
    const { draft } = useDraft().document;
    const hour = useHour();
    const [asking, ask] = useState<"approve" | "reject">();
    if (!draft) return null;
    const authors = [draft.created, draft.edited, draft.submitted].map((author) => author?.subject);
    const isOwn = authors.includes(`${who.kind}:${who.id}`);
    const { run, isOld, faults, ofHour } = counted;
    const grown =
        run && typeof draft.expected === "number" && run.posts.length === 0 && hasGrown(run.targeted, draft.expected);
    const isHourSound = ofHour.length === 0 && !hour?.isPast;
    const isReady = run !== undefined && !isOld && faults.length === 0 && isHourSound && !grown;
    return (
        <Section title={isOwn || !mayApprove ? t("send.review.next") : t("send.review.decide")}>
            {isOwn && <Body1>{t("send.review.own")}</Body1>}
            {!isOwn && !mayApprove && <Body1>{t("send.review.not_yours")}</Body1>}
            {grown && (
                <MessageBar intent="warning" layout="multiline">
                    <MessageBarBody>
                        {t("send.review.grown", { now: people(run.targeted), before: people(draft.expected ?? 0) })}
                    </MessageBarBody>
                </MessageBar>
            )}
            <div className={styles.actions}>
                {!isOwn && mayApprove && (
                    <>
                        <Button
                            appearance="primary"
                            size="large"
                            icon={<CheckmarkCircleRegular />}
                            disabledFocusable={!isReady}
                            onClick={() => ask("approve")}
                        >
                            {t("send.review.approve")}
                        </Button>
                        <Button size="large" onClick={() => ask("reject")}>
                            {t("send.review.reject_open")}
                        </Button>
                    </>
                )}
                {mayWrite && <TakeBack />}
            </div>
            {asking === "approve" && <Confirm deed="approve" counted={counted} onClose={() => ask(undefined)} />}
            {asking === "reject" && (
                <RejectDialog author={(draft.submitted ?? draft.created).name} onClose={() => ask(undefined)} />
            )}
        </Section>
    );
}

/** To go on writing: nobody releases what is being changed. */
function TakeBack() {
    const { t } = useTranslation();
    const cache = useQueryClient();
    const { document } = useDraft();
    const key = useRef("");
    const { mutate, isPending, error } = useMutation({
        mutationFn: () => {
            key.current ||= intention();
            const params = { path: { id: document.id }, header: { "Idempotency-Key": key.current } };
            return data(api.POST("/api/v1/broadcasts/{id}/cancel", { params }));
        },
        onSuccess: (document) => {
            cache.setQueryData(keys.broadcast(document.id), document);
            void cache.invalidateQueries({ queryKey: keys.broadcasts() });
        },
        onError: (error) => {
            if (!isPassing(error)) key.current = "";
        },
    });
    return (
        <>
            <Button size="large" disabledFocusable={isPending} onClick={() => mutate()}>
                {t("send.review.take_back")}
            </Button>
            <Trouble error={error} />
        </>
    );
}
