/** How we stand with the server: there, not answering, or no longer knowing who we are. One for the whole page. */

import { useSyncExternalStore } from "react";

export type Standing = "well" | "lost" | "unknown";

let now: Standing = "well";
const listeners = new Set<() => void>();

function set(next: Standing) {
    if (next === now) return;
    now = next;
    for (const listener of listeners) listener();
}

export const standing = {
    /** An answer came. A session that has ended stays ended until somebody signs in again. */
    found: () => now !== "unknown" && set("well"),
    /** None came. */
    lost: () => now !== "unknown" && set("lost"),
    /** The server does not know us any more. */
    unknown: () => set("unknown"),
    /** Somebody has signed in again. */
    known: () => set("well"),
};

export function useStanding(): Standing {
    return useSyncExternalStore(
        (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
        () => now,
    );
}
