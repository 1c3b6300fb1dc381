/** Duplicate and delete. */

import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    Menu,
    MenuItem,
    MenuList,
    MenuPopover,
    MenuTrigger,
} from "@fluentui/react-components";
import { CopyRegular, DeleteRegular, MoreHorizontalRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, data, intention } from "../../api/client";
import { keys } from "../../api/queries";
import { useMay } from "../../session/Session";
import { Trouble } from "../../ui/Trouble";
import { useDraft, useKeeping } from "./draft";

export function DraftMenu() {
    const { t } = useTranslation();
    const { document } = useDraft();
    const mayWrite = useMay("author", "admin");
    const [key, setKey] = useState<string>();
    const duplicate = useDuplicate();
    if (!mayWrite) return null;
    return (
        <>
            <Menu>
                <MenuTrigger disableButtonEnhancement>
                    <Button appearance="subtle" icon={<MoreHorizontalRegular />} aria-label={t("compose.draft.menu")} />
                </MenuTrigger>
                <MenuPopover>
                    <MenuList>
                        <MenuItem
                            icon={<CopyRegular />}
                            disabled={duplicate.isPending}
                            onClick={() => duplicate.mutate(intention())}
                        >
                            {t("compose.draft.duplicate")}
                        </MenuItem>
                        {document.possible.includes("delete") && (
                            <MenuItem icon={<DeleteRegular />} onClick={() => setKey(intention())}>
                                {t("compose.draft.delete")}
                            </MenuItem>
                        )}
                    </MenuList>
                </MenuPopover>
            </Menu>
            <Trouble
                error={duplicate.error}
                onRetry={() => duplicate.variables && duplicate.mutate(duplicate.variables)}
            />
            {key && <Delete intent={key} onEnd={() => setKey(undefined)} />}
        </>
    );
}

/** Asked again under the same key, a lost answer makes no third draft. */
function useDuplicate() {
    const { document, settled } = useDraft();
    const cache = useQueryClient();
    const navigate = useNavigate();
    return useMutation({
        mutationFn: async (key: string) => {
            await settled();
            const params = { path: { id: document.id }, header: { "Idempotency-Key": key } };
            return data(api.POST("/api/v1/broadcasts/{id}/duplicate", { params }));
        },
        onSuccess: (copy) => {
            cache.setQueryData(keys.broadcast(copy.id), copy);
            void cache.invalidateQueries({ queryKey: keys.broadcasts() });
            void navigate(`/broadcasts/${copy.id}/words`);
        },
    });
}

function Delete({ intent, onEnd }: { intent: string; onEnd: () => void }) {
    const { t } = useTranslation();
    const { document, manuscript } = useDraft();
    const { abandon } = useKeeping();
    const cache = useQueryClient();
    const navigate = useNavigate();
    const { mutate, isPending, error } = useMutation({
        mutationFn: () => {
            const params = { path: { id: document.id }, header: { "Idempotency-Key": intent } };
            return data(api.DELETE("/api/v1/broadcasts/{id}", { params }));
        },
        onSuccess: async () => {
            abandon();
            await navigate("/broadcasts");
            // Its page may still be on its way out: taken from beneath it, it would be asked for once more.
            cache.removeQueries({ queryKey: keys.broadcast(document.id), type: "inactive" });
            void cache.invalidateQueries({ queryKey: keys.broadcasts() });
        },
    });
    return (
        <Dialog open modalType="alert" onOpenChange={onEnd}>
            <DialogSurface>
                <DialogBody>
                    <DialogTitle>{t("compose.draft.delete_title")}</DialogTitle>
                    <DialogContent>
                        <p>
                            {t("compose.draft.delete_text", {
                                title: manuscript.title.trim() || t("compose.untitled"),
                            })}
                        </p>
                        <Trouble error={error} />
                    </DialogContent>
                    <DialogActions>
                        <Button onClick={onEnd}>{t("common.cancel")}</Button>
                        <Button appearance="primary" disabledFocusable={isPending} onClick={() => mutate()}>
                            {t("compose.draft.delete_yes")}
                        </Button>
                    </DialogActions>
                </DialogBody>
            </DialogSurface>
        </Dialog>
    );
}
