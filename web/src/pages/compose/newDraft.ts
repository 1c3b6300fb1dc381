/** Begins an announcement. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useNavigate } from "react-router";
import { api, data, intention } from "../../api/client";
import { keys } from "../../api/queries";
import type { Manuscript } from "../../api/types";
import { begin } from "./begun";
import { LED_ON } from "./ledOn";

/** `start()` makes an empty draft, or one of `words`, and goes there. */
export function useNewDraft({ onStarted }: { onStarted?: () => void } = {}): {
    start: (words?: Partial<Manuscript>) => void;
    isStarting: boolean;
    error: unknown;
} {
    const cache = useQueryClient();
    const navigate = useNavigate();
    // One intention until it is answered: an answer that was lost leaves no second draft behind.
    const key = useRef<string | undefined>(undefined);
    const { mutate, isPending, error } = useMutation({
        mutationFn: (words: Partial<Manuscript>) => {
            key.current ??= intention();
            const header = { "Idempotency-Key": key.current };
            // Whatever is left out, the server fills in.
            return data(api.POST("/api/v1/broadcasts", { params: { header }, body: words as Manuscript }));
        },
        onSuccess: (document, words) => {
            key.current = undefined;
            if (Object.keys(words).length === 0) begin(document);
            onStarted?.();
            cache.setQueryData(keys.broadcast(document.id), document);
            void cache.invalidateQueries({ queryKey: keys.broadcasts() });
            void navigate(`/broadcasts/${document.id}/words`, { state: LED_ON });
        },
    });
    return { start: (words = {}) => mutate(words), isStarting: isPending, error };
}
