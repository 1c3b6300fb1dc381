/** One announcement: a draft to be written, or what becomes of what was sent. */

import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { Refused } from "../../api/problem";
import { broadcast } from "../../api/queries";
import { useProgressOf } from "../../api/stream";
import { NotFound } from "../../app/Astray";
import { Loading } from "../../ui/Loading";
import { Page } from "../../ui/Page";
import { Trouble } from "../../ui/Trouble";
import { isDraft, isMoving, isOver } from "./progress";
import { Sent } from "./Sent";

/** Whoever only looks at results needs no editor. */
const DraftPage = lazy(async () => ({ default: (await import("../compose/DraftPage")).DraftPage }));

/** Reasons come with the document only, and not with the stream. */
const REASONS_EVERY = 4_000;

export function Broadcast() {
    const { id = "", part } = useParams();
    const query = useQuery({
        ...broadcast(id),
        refetchInterval: ({ state }) => (state.data && isMoving(state.data.state) ? REASONS_EVERY : false),
    });
    const document = query.data;
    useProgressOf(id, document !== undefined && !isDraft(document.state) && !isOver(document.state));

    if (!document) {
        if (query.error instanceof Refused && query.error.status === 404) return <NotFound />;
        return query.error ? <Unread error={query.error} again={() => void query.refetch()} /> : <Loading />;
    }
    if (isDraft(document.state) || !document.report)
        return (
            <Suspense fallback={<Loading />}>
                <DraftPage key={document.id} document={document} part={part} />
            </Suspense>
        );
    return <Sent key={document.id} document={document} report={document.report} part={part} />;
}

function Unread({ error, again }: { error: unknown; again: () => void }) {
    const { t } = useTranslation();
    return (
        <Page title={t("broadcasts.title")}>
            <Trouble error={error} onRetry={again} />
        </Page>
    );
}
