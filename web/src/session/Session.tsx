/**
 * Who is signed in. Before anybody is, the page says what it is; when a session ends, everything stays as it stands behind a
 * dialog until its owner is back, so that nothing typed is lost.
 */

import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
} from "@fluentui/react-components";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Refused, Unproven } from "../api/problem";
import { me as meQuery } from "../api/queries";
import { standing, useStanding } from "../api/standing";
import type { Me, Role } from "../api/types";
import { Loading } from "../ui/Loading";
import { Trouble } from "../ui/Trouble";
import { isFramed } from "./teams";
import { Unknown } from "./Unknown";
import { Welcome } from "./Welcome";

/** Where the window that signs in again ends; it tells the page by this channel, and closes. */
export const SIGNED_IN = "/signed-in";
const CHANNEL = "stentor.signed-in";

const Known = createContext<Me | undefined>(undefined);

/** Whoever is signed in. */
export function useMe(): Me {
    const me = useContext(Known);
    if (!me) throw new Error("nobody is signed in");
    return me;
}

/** Whether they have one of these roles: the server decides, this only spares them a refusal. */
export function useMay(...roles: Role[]): boolean {
    return useMe().roles.some((role) => roles.includes(role));
}

export function Session({ children }: { children: ReactNode }) {
    const query = useQuery(meQuery);
    const isEnded = useStanding() === "unknown";
    const cache = useQueryClient();
    const me = query.data;
    const { refetch, failureReason, isFetching } = query;
    const again = useCallback(async () => {
        // The new session's proof first: whatever waits for `well` is sent with it.
        const { isSuccess } = await refetch();
        if (!isSuccess) return;
        standing.known();
        await cache.invalidateQueries();
    }, [cache, refetch]);

    useEffect(() => {
        const channel = new BroadcastChannel(CHANNEL);
        channel.onmessage = again;
        return () => channel.close();
    }, [again]);

    if (!me) {
        const isNobody = query.error instanceof Refused && query.error.status === 401;
        if (isFramed && (isNobody || query.error instanceof Unproven))
            return <Unknown error={query.error} onRetry={() => void refetch()} />;
        if (isNobody) return <Welcome />;
        return query.error ? <Trouble error={query.error} onRetry={() => void refetch()} /> : <Loading />;
    }
    return (
        <Known.Provider value={me}>
            {children}
            <Ended isOpen={isEnded} error={failureReason} isPending={isFetching} onAgain={again} />
        </Known.Provider>
    );
}

type EndedProps = { isOpen: boolean; error: Error | null; isPending: boolean; onAgain: () => Promise<void> };

function Ended({ isOpen, error, isPending, onAgain }: EndedProps) {
    const { t } = useTranslation();
    // That nobody is signed in is what the dialog says by itself, unless Teams was asked again.
    const isSaid = !isFramed && error instanceof Refused && error.status === 401;
    const signIn = () =>
        window.open(`/sign-in?return_to=${SIGNED_IN}`, "stentor-sign-in", "popup,width=520,height=720");
    return (
        <Dialog open={isOpen} modalType="alert">
            <DialogSurface>
                <DialogBody>
                    <DialogTitle>{t("common.ended.title")}</DialogTitle>
                    <DialogContent>
                        <p>{t(isFramed ? "common.ended.framed" : "common.ended.text")}</p>
                        {!isFramed && <p>{t("common.ended.popup")}</p>}
                        {!isSaid && <Trouble error={error} />}
                    </DialogContent>
                    <DialogActions>
                        {/* A window of its own would sign in by a cookie, which no frame has. */}
                        <Button
                            appearance="primary"
                            disabledFocusable={isFramed && isPending}
                            onClick={isFramed ? () => void onAgain() : signIn}
                        >
                            {t(isFramed ? "common.retry" : "common.ended.again")}
                        </Button>
                        {isFramed && (
                            <Button as="a" href={window.location.href} target="_blank" rel="noopener">
                                {t("common.unknown.alone")}
                            </Button>
                        )}
                    </DialogActions>
                </DialogBody>
            </DialogSurface>
        </Dialog>
    );
}

/** The page in the window that has signed in again. */
export function SignedIn() {
    const { t } = useTranslation();
    useEffect(() => {
        const channel = new BroadcastChannel(CHANNEL);
        channel.postMessage("back");
        channel.close();
        window.close();
    }, []);
    return <p style={{ padding: "2rem" }}>{t("common.ended.back")}</p>;
}
