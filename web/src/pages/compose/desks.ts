/**
 * All desks of this window. They outlive their page: what is on its way when somebody leaves it arrives, and is found by
 * whoever comes back. Whoever signs out leaves nothing behind for the next person at this machine.
 */

import type { QueryClient } from "@tanstack/react-query";
import { api, data, sending } from "../../api/client";
import { keys } from "../../api/queries";
import type { BroadcastDocument } from "../../api/types";
import { kept as corrections } from "../broadcast/correction";
import { Desk, type Server } from "./desk";
import * as keep from "./keep";
import { weight } from "./weight";

/** How long somebody who wants to go waits for what is being saved, in milliseconds. */
const PATIENCE = 8_000;

const desks = new Map<string, Desk>();

export function deskOf(document: BroadcastDocument, server: Server): Desk {
    const found = desks.get(document.id);
    if (found) return found;
    const desk = new Desk(document, server);
    desks.set(document.id, desk);
    return desk;
}

/** It is not needed any more. */
export function leave(desk: Desk) {
    desks.delete(desk.state().document.id);
}

export function serverBehind(cache: QueryClient): Server {
    return {
        put: (id, version, manuscript) =>
            data(
                api.PUT("/api/v1/broadcasts/{id}", {
                    params: { path: { id }, header: { "If-Match": `"${version}"` } },
                    body: manuscript,
                    ...sending(weight(manuscript)),
                }),
            ),
        get: (id) => data(api.GET("/api/v1/broadcasts/{id}", { params: { path: { id } } })),
        told: (document) => {
            cache.setQueryData(keys.broadcast(document.id), document);
            void cache.invalidateQueries({ queryKey: keys.broadcasts() });
        },
    };
}

/** Saves whatever can be saved, also of drafts that were left; tells whether nothing is unsaved then. */
export async function saveAll(cache: QueryClient): Promise<boolean> {
    const server = serverBehind(cache);
    const saved = async (id: string) => {
        const desk = desks.get(id) ?? deskOf(await server.get(id), server);
        await desk.settled();
    };
    const ids = new Set([...desks.keys(), ...keep.all()]);
    const late = new Promise<never>((_, refuse) => setTimeout(() => refuse(new Error("took too long")), PATIENCE));
    const outcomes = await Promise.allSettled([...ids].map((id) => Promise.race([saved(id), late])));
    // A correction is kept by this window alone until it is sent.
    const isKept = keep.all().length > 0 || corrections.all().length > 0;
    return !isKept && outcomes.every(({ status }) => status === "fulfilled");
}

/** Nothing that was typed here stays on this machine. */
export function forgetAll() {
    for (const desk of desks.values()) desk.abandon();
    desks.clear();
    for (const id of keep.all()) keep.forget(id);
    for (const id of corrections.all()) corrections.write(id, undefined);
}
