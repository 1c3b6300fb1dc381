import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    Toast,
    ToastTitle,
    useToastController,
} from "@fluentui/react-components";
import { DeleteRegular, PeopleListRegular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../api/client";
import { keys } from "../../api/queries";
import type { SavedAudience } from "../../api/types";
import { PASSED_BY, TOASTS } from "../../app/App";
import { DataTable } from "../../ui/DataTable";
import { Empty } from "../../ui/Empty";
import { format } from "../../ui/format";
import { Lead } from "../../ui/Lead";
import { Loading } from "../../ui/Loading";
import { Trouble } from "../../ui/Trouble";

/** Audiences that have a name. */
export function Audiences() {
    const { t } = useTranslation();
    const [leaving, setLeaving] = useState<SavedAudience>();
    const query = useQuery({
        queryKey: keys.audiences(),
        queryFn: ({ signal }) => data(api.GET("/api/v1/audiences", { signal })),
    });
    if (query.isPending) return <Loading />;
    if (!query.data) return <Trouble error={query.error} onRetry={() => void query.refetch()} />;
    const { audiences } = query.data;
    if (audiences.length === 0)
        return (
            <Empty
                icon={<PeopleListRegular />}
                title={t("administration.audiences.empty")}
                text={t("administration.audiences.empty_text")}
            />
        );
    return (
        <>
            <Lead>{t("administration.audiences.lead")}</Lead>
            <DataTable
                label={t("administration.parts.audiences")}
                rows={audiences}
                keyOf={(audience) => audience.name}
                columns={[
                    { name: "name", heading: t("administration.audiences.name"), cell: ({ name }) => name },
                    {
                        name: "expression",
                        heading: t("administration.audiences.expression"),
                        cell: ({ expression }) => <code>{expression}</code>,
                    },
                    {
                        name: "saved",
                        heading: t("administration.audiences.saved"),
                        cell: ({ saved_at }) => format.time(saved_at),
                    },
                    {
                        name: "forget",
                        heading: t("administration.audiences.forget"),
                        isQuiet: true,
                        cell: (audience) => (
                            <Button
                                appearance="subtle"
                                icon={<DeleteRegular />}
                                aria-label={t("administration.audiences.forget_named", { name: audience.name })}
                                onClick={() => setLeaving(audience)}
                            />
                        ),
                    },
                ]}
            />
            {leaving && <Question key={leaving.name} audience={leaving} onClose={() => setLeaving(undefined)} />}
        </>
    );
}

function Question({ audience: { name }, onClose }: { audience: SavedAudience; onClose: () => void }) {
    const { t } = useTranslation();
    const cache = useQueryClient();
    const { dispatchToast } = useToastController(TOASTS);
    const key = useRef(intention());
    const forget = useMutation({
        mutationFn: () =>
            data(
                api.DELETE("/api/v1/audiences/{name}", {
                    params: { path: { name }, header: { "Idempotency-Key": key.current } },
                }),
            ),
        onSuccess: async () => {
            await cache.invalidateQueries({ queryKey: keys.audiences() });
            dispatchToast(
                <Toast>
                    <ToastTitle>{t("administration.audiences.gone", { name })}</ToastTitle>
                </Toast>,
                { intent: "success", politeness: "polite", ...PASSED_BY },
            );
            onClose();
        },
    });
    return (
        <Dialog open onOpenChange={(_, { open }) => !open && onClose()}>
            <DialogSurface>
                <DialogBody>
                    <DialogTitle>{t("administration.audiences.question", { name })}</DialogTitle>
                    <DialogContent>
                        <p>{t("administration.audiences.explained")}</p>
                        <Trouble error={forget.error} />
                    </DialogContent>
                    <DialogActions>
                        <Button onClick={onClose}>{t("common.cancel")}</Button>
                        <Button
                            appearance="primary"
                            disabledFocusable={forget.isPending}
                            onClick={() => forget.mutate()}
                        >
                            {t("administration.audiences.forget")}
                        </Button>
                    </DialogActions>
                </DialogBody>
            </DialogSurface>
        </Dialog>
    );
}
