/** The page of everything that was sent: its head with what can be done, and its three parts. */

import { MessageBar, MessageBarBody, makeStyles, Tab, TabList, tokens } from "@fluentui/react-components";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { BroadcastDocument, ReasonCount, Summary } from "../../api/types";
import { Loading } from "../../ui/Loading";
import { Page } from "../../ui/Page";
import { StateBadge } from "../../ui/StateBadge";
import { Trouble } from "../../ui/Trouble";
import { Actions } from "./Actions";
import { Cancelling } from "./Cancelling";
import { whomOf } from "./counted";
import { useDuplicate, useWish } from "./deeds";
import { Overview } from "./Overview";
import { People } from "./People";
import { Recalling } from "./Recalling";
import { Retrying } from "./Retrying";
import { Starting } from "./Starting";

/** What shows the message needs the library that draws it; nobody waits for that who looks at numbers. */
const Said = lazy(async () => ({ default: (await import("./Said")).Said }));
const Correcting = lazy(async () => ({ default: (await import("./Correcting")).Correcting }));

const PARTS = ["overview", "people", "said"] as const;
type Part = (typeof PARTS)[number];

const useStyles = makeStyles({
    tabs: {
        flexWrap: "wrap",
        maxWidth: "100%",
        marginBottom: tokens.spacingVerticalL,
        marginInlineStart: `calc(-1 * ${tokens.spacingHorizontalM})`,
    },
    notes: { marginBottom: tokens.spacingVerticalL },
});

export type Question = "start" | "cancel" | "retry" | "correct" | "recall";

type Props = { document: BroadcastDocument; report: Summary; part?: string | undefined };

export function Sent({ document, report, part }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const navigate = useNavigate();
    const open: Part = PARTS.find((known) => known === part) ?? "overview";
    const [question, setQuestion] = useState<Question>();
    const [reason, setReason] = useState<ReasonCount>();
    const pause = useWish(document.id, "pause");
    const resume = useWish(document.id, "resume");
    const duplicate = useDuplicate(document);
    const close = () => setQuestion(undefined);
    const retry = (reason?: ReasonCount) => {
        setReason(reason);
        setQuestion("retry");
    };
    const go = (part: Part) => navigate(`/broadcasts/${document.id}${part === "overview" ? "" : `/${part}`}`);
    return (
        <Page
            title={document.title.trim() || t("broadcast.untitled")}
            beside={<StateBadge state={document.state} isRecalled={Boolean(report.recalled_at)} />}
            actions={
                <Actions
                    document={document}
                    report={report}
                    ask={(question) => (question === "retry" ? retry() : setQuestion(question))}
                    pause={pause}
                    resume={resume}
                    duplicate={duplicate}
                />
            }
        >
            <Trouble error={pause.error ?? resume.error ?? duplicate.error} />
            {(document.notes ?? []).map((note) => (
                <MessageBar key={note} intent="info" layout="multiline" className={styles.notes}>
                    <MessageBarBody lang="en">{note}</MessageBarBody>
                </MessageBar>
            ))}
            <TabList
                className={styles.tabs}
                selectedValue={open}
                aria-label={t("broadcast.parts")}
                onTabSelect={(_, { value }) => void go(value as Part)}
            >
                {PARTS.map((part) => (
                    <Tab key={part} value={part} id={`part-${part}`} aria-controls="part">
                        {t(`broadcast.part.${part === "people" ? whomOf(report.channels) : part}`)}
                    </Tab>
                ))}
            </TabList>
            <div role="tabpanel" id="part" aria-labelledby={`part-${open}`}>
                {open === "overview" && <Overview document={document} report={report} retry={retry} />}
                {open === "people" && <People document={document} report={report} />}
                {open === "said" && (
                    <Suspense fallback={<Loading />}>
                        <Said document={document} report={report} />
                    </Suspense>
                )}
            </div>
            {question === "start" && <Starting report={report} start={resume} close={close} />}
            {question === "cancel" && <Cancelling document={document} report={report} close={close} />}
            {question === "retry" && <Retrying document={document} report={report} reason={reason} close={close} />}
            {question === "correct" && document.said && (
                <Suspense fallback={null}>
                    <Correcting document={document} channels={report.channels} said={document.said} close={close} />
                </Suspense>
            )}
            {question === "recall" && <Recalling document={document} report={report} close={close} />}
        </Page>
    );
}
