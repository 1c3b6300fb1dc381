/** The draft that is open, for every part of its page. */

import { useQueryClient } from "@tanstack/react-query";
import {
    createContext,
    type ReactNode,
    useContext,
    useEffect,
    useMemo,
    useRef,
    useState,
    useSyncExternalStore,
} from "react";
import type { Fault } from "../../api/problem";
import { useStanding } from "../../api/standing";
import type { BroadcastDocument, Manuscript, Validation } from "../../api/types";
import { useMay } from "../../session/Session";
import { clear } from "./begun";
import type { Desk, DeskState, Saving } from "./desk";
import { deskOf, leave, serverBehind } from "./desks";
import { faultsOf, useValidation } from "./validation";

export interface Draft {
    /** As the server last told it. */
    document: BroadcastDocument;
    /** As it stands on the screen. */
    manuscript: Manuscript;
    /** At once on the screen; saved by itself a moment later. */
    change(patch: Partial<Manuscript>): void;
    saving: Saving;
    /** Saves what is not saved, and gives the tag of the version that holds it, for `If-Match`. */
    settled(): Promise<string>;
    /** What the server says of it, a moment later. */
    validation: Validation | undefined;
    /** Those of a field and of what is below it, such as `title`, `buttons`, `audience`. */
    faults(field: string): Fault[];
    /** Whoever looks may not change it. */
    isReadOnly: boolean;
}

/** How the draft stands with the server, for whoever tells of it. */
export type Keeping = DeskState & Pick<Desk, "choose" | "dismiss" | "retry" | "abandon">;

const Open = createContext<Draft | undefined>(undefined);
const Kept = createContext<Keeping | undefined>(undefined);

export function useDraft(): Draft {
    const draft = useContext(Open);
    if (!draft) throw new Error("no draft is open");
    return draft;
}

/** The same fields for whatever else is written like a draft, such as a correction. */
export const InHand = Open.Provider;

export function useKeeping(): Keeping {
    const keeping = useContext(Kept);
    if (!keeping) throw new Error("no draft is open");
    return keeping;
}

export function DraftProvider({ document, children }: { document: BroadcastDocument; children: ReactNode }) {
    const cache = useQueryClient();
    const [desk] = useState(() => deskOf(document, serverBehind(cache)));
    const state = useSyncExternalStore(desk.subscribe, desk.state);
    const mayWrite = useMay("author", "admin");
    const isReadOnly = !mayWrite || !state.document.possible.includes("change");
    const told = useValidation(state.document, state.manuscript, state.saving);

    useEffect(() => desk.adopt(document), [desk, document]);
    useKeptUntilSaved(desk, state.error !== undefined || state.conflict !== undefined);

    const draft = useMemo<Draft>(
        () => ({
            document: state.document,
            manuscript: state.manuscript,
            change: (patch) => {
                if (!isReadOnly) desk.change(patch);
            },
            saving: state.saving,
            settled: () => desk.settled(),
            validation: told,
            faults: (field) => faultsOf(told?.faults ?? [], field),
            isReadOnly,
        }),
        [desk, state, told, isReadOnly],
    );
    const keeping = useMemo<Keeping>(
        () => ({
            ...state,
            choose: (whose) => desk.choose(whose),
            dismiss: () => desk.dismiss(),
            retry: () => desk.retry(),
            abandon: () => {
                desk.abandon();
                leave(desk);
            },
        }),
        [desk, state],
    );
    return (
        <Open value={draft}>
            <Kept value={keeping}>{children}</Kept>
        </Open>
    );
}

/** Leaves nothing behind where nothing was written. A moment later, since the page may be shown again at once. */
function useCleared(desk: Desk) {
    const cache = useQueryClient();
    const leaving = useRef<ReturnType<typeof setTimeout>>(undefined);
    useEffect(() => {
        clearTimeout(leaving.current);
        return () => {
            leaving.current = setTimeout(() => void clear(desk, cache));
        };
    }, [desk, cache]);
}

/**
 * Saves when the page is left, and when the server, or whoever had to sign in again, is back. Closing the window is asked
 * about only where saving does not succeed: otherwise it is on its way, and kept on this machine.
 */
function useKeptUntilSaved(desk: Desk, isInTrouble: boolean) {
    const standing = useStanding();
    useEffect(() => {
        if (standing === "well") desk.retry();
    }, [desk, standing]);
    useEffect(() => {
        const leave = () => {
            if (document.visibilityState === "hidden") void desk.flush();
        };
        document.addEventListener("visibilitychange", leave);
        return () => {
            document.removeEventListener("visibilitychange", leave);
            void desk.flush();
        };
    }, [desk]);
    useCleared(desk);
    useEffect(() => {
        if (!isInTrouble) return;
        const ask = (event: BeforeUnloadEvent) => event.preventDefault();
        window.addEventListener("beforeunload", ask);
        return () => window.removeEventListener("beforeunload", ask);
    }, [isInTrouble]);
}
