/** One draft: its words, whom it is for, and sending it. Three steps, in any order. */

import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Navigate } from "react-router";
import type { BroadcastDocument } from "../../api/types";
import { Page } from "../../ui/Page";
import { StateBadge } from "../../ui/StateBadge";
import { Audience } from "./Audience";
import { DraftMenu } from "./DraftMenu";
import { DraftProvider, useDraft } from "./draft";
import { Review } from "./Review";
import { SavingState } from "./SavingState";
import { Send } from "./Send";
import { Steps } from "./Steps";
import { Troubles } from "./Troubles";
import { TellingProvider, useTelling } from "./telling";
import { Words } from "./Words";

export type Part = "words" | "audience" | "send";

const isPart = (part: string | undefined): part is Part => part === "words" || part === "audience" || part === "send";

export function DraftPage({ document, part }: { document: BroadcastDocument; part?: string }) {
    return (
        <DraftProvider key={document.id} document={document}>
            <TellingProvider>
                {document.state === "awaiting_approval" ? (
                    <Waiting />
                ) : isPart(part) ? (
                    <Writing part={part} />
                ) : (
                    <Navigate to={`/broadcasts/${document.id}/words`} replace />
                )}
            </TellingProvider>
        </DraftProvider>
    );
}

function Waiting() {
    const { t } = useTranslation();
    const { document } = useDraft();
    return (
        <Page
            title={document.title || t("compose.untitled")}
            beside={<StateBadge state={document.state} />}
            actions={<DraftMenu />}
        >
            <Troubles />
            <Review />
        </Page>
    );
}

function Writing({ part }: { part: Part }) {
    const { t } = useTranslation();
    const { manuscript } = useDraft();
    const { tellAll } = useTelling();
    // Whoever has gone on wants to know what still lacks.
    useEffect(() => {
        if (part !== "words") tellAll();
    }, [part, tellAll]);
    return (
        <Page title={manuscript.title.trim() || t("compose.untitled")} beside={<SavingState />} actions={<DraftMenu />}>
            <Troubles />
            <Steps />
            {part === "words" && <Words />}
            {part === "audience" && <Audience />}
            {part === "send" && <Send />}
        </Page>
    );
}
