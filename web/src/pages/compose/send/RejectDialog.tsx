/** Gives what was handed in back to its author, with a reason that they can work with. */

import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    Field,
    Textarea,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../../api/client";
import { isPassing } from "../../../api/problem";
import { keys } from "../../../api/queries";
import { Trouble } from "../../../ui/Trouble";
import { useDraft } from "../draft";

const REASON_MAX = 2000;

export function RejectDialog({ author, onClose }: { author: string; onClose(): void }) {
    const { t } = useTranslation();
    const cache = useQueryClient();
    const { document, settled } = useDraft();
    const [reason, setReason] = useState("");
    const [isTold, setTold] = useState(false);
    const attempt = useRef({ reason: "", key: "" });
    const { mutate, isPending, error } = useMutation({
        mutationFn: async (reason: string) => {
            if (attempt.current.reason !== reason) attempt.current = { reason, key: intention() };
            const header = { "If-Match": await settled(), "Idempotency-Key": attempt.current.key };
            const params = { path: { id: document.id }, header };
            return data(api.POST("/api/v1/broadcasts/{id}/reject", { params, body: { reason } }));
        },
        onSuccess: (document) => {
            cache.setQueryData(keys.broadcast(document.id), document);
            void cache.invalidateQueries({ queryKey: keys.broadcasts() });
            onClose();
        },
        onError: (error) => {
            if (!isPassing(error)) attempt.current = { reason: "", key: "" };
        },
    });
    const reject = (event: FormEvent) => {
        event.preventDefault();
        if (reason.trim() === "") return setTold(true);
        mutate(reason.trim());
    };
    return (
        <Dialog
            open
            onOpenChange={(_, { open, type }) => {
                // A click beside it must not throw away what was typed.
                if (!open && type !== "backdropClick") onClose();
            }}
        >
            <DialogSurface>
                <form onSubmit={reject}>
                    <DialogBody>
                        <DialogTitle>{t("send.review.reject_title")}</DialogTitle>
                        <DialogContent>
                            <Field
                                label={t("send.review.reason", { name: author })}
                                hint={t("send.review.reason_hint")}
                                validationMessage={
                                    isTold && reason.trim() === "" ? t("send.review.reason_missing") : undefined
                                }
                            >
                                <Textarea
                                    value={reason}
                                    maxLength={REASON_MAX}
                                    resize="vertical"
                                    onChange={(_, { value }) => setReason(value)}
                                />
                            </Field>
                            <Trouble error={error} />
                        </DialogContent>
                        <DialogActions>
                            <Button onClick={onClose}>{t("common.cancel")}</Button>
                            <Button type="submit" appearance="primary" disabledFocusable={isPending}>
                                {t("send.review.reject")}
                            </Button>
                        </DialogActions>
                    </DialogBody>
                </form>
            </DialogSurface>
        </Dialog>
    );
}
