/** Server-sent events: progress as it happens, into the cache that the pages read. */

import { useQueryClient } from "@tanstack/react-query";
import { EventSource } from "eventsource";
import { useEffect } from "react";
import { ask, proofs } from "./client";
import { keys } from "./queries";
import type { BroadcastDocument, BroadcastProgress } from "./types";

/** Opens a stream that opens itself again when it breaks, and closes when asked to. */
function stream(path: string, hear: (name: string, text: string) => void): () => void {
    const source = new EventSource(new URL(path, window.location.origin), {
        withCredentials: true,
        fetch: async (url, init) => ask(url, { ...init, headers: { ...init.headers, ...(await proofs()) } }),
    });
    source.addEventListener("progress", (event) => hear("progress", event.data));
    source.addEventListener("end", (event) => {
        hear("end", event.data);
        source.close();
    });
    return () => source.close();
}

/** Keeps what the cache says of one broadcast as fresh as the server does, while `isGoing`. */
export function useProgressOf(id: string, isGoing: boolean) {
    const cache = useQueryClient();
    useEffect(() => {
        if (!isGoing) return;
        return stream(`/api/v1/broadcasts/${id}/events`, (name, text) => {
            const progress = JSON.parse(text) as BroadcastProgress;
            let isNews = name === "end";
            cache.setQueryData<BroadcastDocument>(keys.broadcast(id), (seen) => {
                if (!seen?.report) return seen;
                // What may be done, and the reasons, only the document itself tells.
                isNews ||= seen.state !== progress.state || seen.report.rounds.length !== progress.rounds.length;
                return { ...seen, state: progress.state, report: { ...seen.report, ...progress } };
            });
            if (isNews) {
                void cache.invalidateQueries({ queryKey: keys.broadcast(id) });
                void cache.invalidateQueries({ queryKey: keys.broadcasts() });
            }
        });
    }, [cache, id, isGoing]);
}

/** Hears of everything that is not over. */
export function useProgressOfAll(hear: (broadcasts: BroadcastProgress[]) => void) {
    useEffect(
        () =>
            stream("/api/v1/events", (_, text) =>
                hear((JSON.parse(text) as { broadcasts: BroadcastProgress[] }).broadcasts),
            ),
        [hear],
    );
}
