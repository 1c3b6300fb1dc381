/**
 * Announcements that were begun in this window. Whoever goes away from one without having written anything leaves no empty
 * draft behind.
 */

import type { QueryClient } from "@tanstack/react-query";
import { api, data } from "../../api/client";
import { keys } from "../../api/queries";
import type { BroadcastDocument, Manuscript } from "../../api/types";
import type { Desk } from "./desk";
import { leave } from "./desks";
import { differing } from "./merge";

/** As they were begun. */
const begun = new Map<string, Manuscript>();

export function begin({ id, draft }: BroadcastDocument) {
    if (draft) begun.set(id, draft.manuscript);
}

/** Somebody has gone away from it. */
export async function clear(desk: Desk, cache: QueryClient) {
    const { id } = desk.state().document;
    const empty = begun.get(id);
    const isEmpty = () => empty && differing(empty, desk.state().manuscript).length === 0;
    if (!isEmpty()) return;
    try {
        const version = await desk.settled();
        if (!isEmpty() || !desk.state().document.possible.includes("delete")) return;
        // Of this version only: what somebody else has written in it stays.
        const params = { path: { id }, header: { "If-Match": version } };
        // Whoever comes back meanwhile asks the server anew, and hears that it is gone.
        begun.delete(id);
        leave(desk);
        cache.removeQueries({ queryKey: keys.broadcast(id), type: "inactive" });
        await data(api.DELETE("/api/v1/broadcasts/{id}", { params }));
        void cache.invalidateQueries({ queryKey: keys.broadcasts() });
    } catch {
        // It can be deleted by hand.
    }
}
