/** What is to be said otherwise: fields as they stand on the screen, and what of them differs from what was said. */

import type { Button, Content, Correction } from "../../api/types";

export type Fields = { title: string; banner: string; body: string; author: string; buttons: Button[] };

export const fieldsOf = (content: Content): Fields => ({
    title: content.title,
    banner: content.banner ?? "",
    body: content.body,
    author: content.author ?? "",
    buttons: content.buttons,
});

/** As they would be said: for the preview. */
export const contentOf = (old: Content, fields: Fields): Content => ({
    ...old,
    ...fields,
    banner: fields.banner.trim() || null,
    author: fields.author.trim() || null,
});

/** The correction that makes `fields` of `old`; `undefined` when nothing differs. What is emptied is left out from then on. */
export function correction(old: Content, fields: Fields): Partial<Correction> | undefined {
    const before = fieldsOf(old);
    const wanted: Partial<Correction> = {};
    const without: NonNullable<Correction["without"]> = [];
    if (fields.title !== before.title) wanted.title = fields.title;
    if (fields.body !== before.body) wanted.body = fields.body;
    for (const field of ["banner", "author"] as const) {
        if (fields[field] === before[field]) continue;
        if (fields[field].trim() === "") without.push(field);
        else wanted[field] = fields[field];
    }
    if (JSON.stringify(fields.buttons) !== JSON.stringify(before.buttons)) {
        if (fields.buttons.length === 0) without.push("buttons");
        else wanted.buttons = fields.buttons;
    }
    if (without.length > 0) wanted.without = without;
    return Object.keys(wanted).length > 0 ? wanted : undefined;
}

const PREFIX = "stentor.correction.";
const key = (id: string) => PREFIX + id;

/** What was typed and not sent yet, of this window: closing the dialog, or loading the page anew, takes nothing away. */
export const kept = {
    /** Of which broadcasts something is kept. */
    all: (): string[] => {
        try {
            return Object.keys(sessionStorage).flatMap((name) =>
                name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
            );
        } catch {
            return [];
        }
    },
    read: (id: string): Fields | undefined => {
        try {
            const text = sessionStorage.getItem(key(id));
            return text ? (JSON.parse(text) as Fields) : undefined;
        } catch {
            return undefined;
        }
    },
    write: (id: string, fields: Fields | undefined) => {
        try {
            if (fields) sessionStorage.setItem(key(id), JSON.stringify(fields));
            else sessionStorage.removeItem(key(id));
        } catch {
            // A browser that keeps nothing has nothing to forget.
        }
    },
};
