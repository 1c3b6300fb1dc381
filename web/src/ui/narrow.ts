/** Whether there is room for a table only as a list of cards. */

import { useSyncExternalStore } from "react";

const narrow = window.matchMedia("(max-width: 640px)");

const subscribe = (listener: () => void) => {
    narrow.addEventListener("change", listener);
    return () => narrow.removeEventListener("change", listener);
};

export const useIsNarrow = (): boolean => useSyncExternalStore(subscribe, () => narrow.matches);
