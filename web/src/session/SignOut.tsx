/** Ends the session; what somebody has typed and cannot be saved is asked about first. */

import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    Spinner,
} from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, ask, data } from "../api/client";
import { refusal, Unreachable } from "../api/problem";
import { Trouble } from "../ui/Trouble";

/** Nothing is lost yet. */
class Unsaved extends Error {}

const typed = () =>
    import("../pages/compose/desks").catch((error: unknown) => {
        throw new Unreachable(String(error));
    });

/** Here, and not at Microsoft. */
async function end() {
    const csrf = (await data(api.GET("/api/v1/me"))).session?.csrf_token;
    const response = await ask("/sign-out", { method: "POST", headers: csrf ? { "X-CSRF-Token": csrf } : {} });
    if (!response.ok && response.status !== 401) throw refusal(response, undefined);
    (await typed()).forgetAll();
    // The page of a draft hears that it has nothing to ask about any more.
    await new Promise((resolve) => setTimeout(resolve, 50));
    window.location.assign("/");
}

/** `begin` signs out; `question` is what must be on the page for it. */
export function useSignOut() {
    const { t } = useTranslation();
    const cache = useQueryClient();
    const { mutate, reset, error, isPending } = useMutation({
        mutationFn: async (isForced: boolean) => {
            if (!isForced && !(await (await typed()).saveAll(cache))) throw new Unsaved();
            await end();
        },
    });
    const question = (
        <Dialog open={error !== null} modalType="alert" onOpenChange={(_, { open }) => !open && reset()}>
            <DialogSurface>
                <DialogBody>
                    <DialogTitle>{t("common.leaving.title")}</DialogTitle>
                    <DialogContent>
                        {error instanceof Unsaved ? t("common.leaving.text") : <Trouble error={error} />}
                    </DialogContent>
                    <DialogActions fluid>
                        <Button appearance="primary" onClick={reset}>
                            {t("common.leaving.stay")}
                        </Button>
                        {error instanceof Unsaved ? (
                            <Button onClick={() => mutate(true)}>{t("common.leaving.leave")}</Button>
                        ) : (
                            <Button onClick={() => mutate(false)}>{t("common.retry")}</Button>
                        )}
                    </DialogActions>
                </DialogBody>
            </DialogSurface>
        </Dialog>
    );
    const waiting = isPending && <Spinner size="tiny" label={t("common.leaving.saving")} />;
    return { begin: () => mutate(false), question, waiting };
}
