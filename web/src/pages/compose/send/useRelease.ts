/** Sends, hands in or approves the draft that is open: once, however often it is asked for. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useNavigate } from "react-router";
import { api, data, intention } from "../../../api/client";
import { Refused, Unreachable } from "../../../api/problem";
import { keys } from "../../../api/queries";
import type { BroadcastDocument } from "../../../api/types";
import { useDraft } from "../draft";

export type Deed = "send" | "submit" | "approve";

/** Whether it may have been done all the same. */
function isInDoubt(error: unknown): boolean {
    if (error instanceof Unreachable) return true;
    return error instanceof Refused && (error.status >= 500 || error.code === "still_running");
}

type Attempt = { key: string; version: string };

export function useRelease(deed: Deed) {
    const { document, settled } = useDraft();
    const cache = useQueryClient();
    const navigate = useNavigate();
    // The same version under the same key until it is known what became of it.
    const attempt = useRef<Attempt | undefined>(undefined);
    const { mutate, isPending, error } = useMutation({
        mutationFn: async (): Promise<BroadcastDocument> => {
            attempt.current ??= { version: await settled(), key: intention() };
            const { version, key } = attempt.current;
            const header = { "If-Match": version, "Idempotency-Key": key };
            const params = { path: { id: document.id }, header };
            switch (deed) {
                case "send":
                    return data(api.POST("/api/v1/broadcasts/{id}/send", { params }));
                case "submit":
                    return data(api.POST("/api/v1/broadcasts/{id}/submit", { params }));
                case "approve":
                    return data(api.POST("/api/v1/broadcasts/{id}/approve", { params }));
            }
        },
        onSuccess: (document) => {
            // First, since the page of the draft ends with its draft.
            void navigate(`/broadcasts/${document.id}`);
            window.scrollTo(0, 0);
            cache.setQueryData(keys.broadcast(document.id), document);
            void cache.invalidateQueries({ queryKey: keys.broadcasts() });
        },
        onError: (error) => {
            if (!isInDoubt(error)) attempt.current = undefined;
        },
    });
    return { release: () => mutate(), isPending, error, isDoubtful: isInDoubt(error) };
}
