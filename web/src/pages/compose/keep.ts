/** What was typed and is not saved yet, on this machine: a reload, a crash or a session that ends takes nothing away. */

import type { Manuscript } from "../../api/types";

export type Kept = {
    /** The version that it was changed from. */
    version: number;
    /** What was changed. */
    mine: Partial<Manuscript>;
    /** The same fields as they were, and as they were sent without an answer. */
    bases: Partial<Manuscript>[];
};

const PREFIX = "stentor.draft.";
const key = (id: string) => PREFIX + id;

/** Of which drafts something is kept. */
export function all(): string[] {
    try {
        return Object.keys(localStorage).flatMap((name) =>
            name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
        );
    } catch {
        return [];
    }
}

export function read(id: string): Kept | undefined {
    try {
        const text = localStorage.getItem(key(id));
        return text ? (JSON.parse(text) as Kept) : undefined;
    } catch {
        return undefined;
    }
}

export function write(id: string, kept: Kept) {
    try {
        localStorage.setItem(key(id), JSON.stringify(kept));
    } catch {
        // A long list of people does not fit; the words do.
        const without = ({ audience: _, ...rest }: Partial<Manuscript>) => rest;
        const words = { ...kept, mine: without(kept.mine), bases: kept.bases.map(without) };
        try {
            localStorage.setItem(key(id), JSON.stringify(words));
        } catch {
            forget(id);
        }
    }
}

export function forget(id: string) {
    try {
        localStorage.removeItem(key(id));
    } catch {
        // A browser that keeps nothing has nothing to forget.
    }
}
