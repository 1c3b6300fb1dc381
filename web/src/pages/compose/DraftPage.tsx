/** One draft: its words, whom it is for, and sending it. Three steps, in any order. */

import { useTranslation } from "react-i18next";
import type { BroadcastDocument } from "../../api/types";
import { Page } from "../../ui/Page";
import { Audience } from "./Audience";
import { DraftProvider, useDraft } from "./draft";
import { Review } from "./Review";
import { Send } from "./Send";
import { Steps } from "./Steps";
import { Words } from "./Words";

export type Part = "words" | "audience" | "send";

export function DraftPage({ document, part }: { document: BroadcastDocument; part?: string }) {
    const open: Part = part === "audience" || part === "send" ? part : "words";
    return (
        <DraftProvider key={document.id} document={document}>
            {document.state === "awaiting_approval" ? <Waiting /> : <Writing part={open} />}
        </DraftProvider>
    );
}

function Waiting() {
    const { t } = useTranslation();
    const { document } = useDraft();
    return (
        <Page title={document.title || t("compose.untitled")}>
            <Review />
        </Page>
    );
}

function Writing({ part }: { part: Part }) {
    const { t } = useTranslation();
    const { manuscript } = useDraft();
    return (
        <Page title={manuscript.title.trim() || t("compose.untitled")}>
            <Steps part={part} />
            {part === "words" && <Words />}
            {part === "audience" && <Audience />}
            {part === "send" && <Send />}
        </Page>
    );
}
