/** What is done with a broadcast: asked of the server, told in passing, and read anew. */

import { Toast, ToastTitle, useToastController } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { createElement, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, data, intention } from "../../api/client";
import { keys } from "../../api/queries";
import type { BroadcastDocument } from "../../api/types";
import { PASSED_BY, TOASTS } from "../../app/App";
import { useNewDraft } from "../compose/newDraft";
import { draftOf } from "./correction";

/** Tells something in passing. */
export function useTelling(): (text: string) => void {
    const { dispatchToast } = useToastController(TOASTS);
    return (text) =>
        dispatchToast(createElement(Toast, null, createElement(ToastTitle, null, text)), {
            intent: "success",
            ...PASSED_BY,
        });
}

/** Reads anew whatever may have changed with a deed. */
export function useRenewal(id: string): () => void {
    const cache = useQueryClient();
    return () => {
        void cache.invalidateQueries({ queryKey: keys.broadcast(id) });
        void cache.invalidateQueries({ queryKey: keys.deliveries(id) });
        void cache.invalidateQueries({ queryKey: keys.broadcasts() });
    };
}

type Wish = "pause" | "resume" | "cancel";

/** Pauses, resumes or cancels. One intention until it is answered: pressed again after a lost answer, nothing happens twice. */
export function useWish(id: string, wish: Wish) {
    const { t } = useTranslation();
    const cache = useQueryClient();
    const tell = useTelling();
    const renew = useRenewal(id);
    const key = useRef<string | undefined>(undefined);
    return useMutation({
        mutationFn: () => {
            key.current ??= intention();
            const params = { path: { id }, header: { "Idempotency-Key": key.current } };
            return data(api.POST(`/api/v1/broadcasts/{id}/${wish}`, { params }));
        },
        onSuccess: (document: BroadcastDocument) => {
            key.current = undefined;
            cache.setQueryData(keys.broadcast(id), document);
            tell(t(`broadcast.deed.done.${wish}`));
        },
        onSettled: renew,
    });
}

/** A new draft with the same words. What came from the command line has no draft to copy: there, what it says is taken. */
export function useDuplicate(document: BroadcastDocument) {
    const cache = useQueryClient();
    const navigate = useNavigate();
    const fresh = useNewDraft();
    const key = useRef<string | undefined>(undefined);
    const copy = useMutation({
        mutationFn: () => {
            key.current ??= intention();
            const params = { path: { id: document.id }, header: { "Idempotency-Key": key.current } };
            return data(api.POST("/api/v1/broadcasts/{id}/duplicate", { params }));
        },
        onSuccess: (draft) => {
            key.current = undefined;
            cache.setQueryData(keys.broadcast(draft.id), draft);
            void cache.invalidateQueries({ queryKey: keys.broadcasts() });
            void navigate(`/broadcasts/${draft.id}/words`);
        },
    });
    const { draft, said, report } = document;
    return {
        start: () => (draft ? copy.mutate() : fresh.start(said && report ? draftOf(said, report.channels) : {})),
        isStarting: copy.isPending || fresh.isStarting,
        error: copy.error ?? fresh.error,
    };
}
