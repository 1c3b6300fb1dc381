/** Lines of the audit made into what was done: an action has a line from before it began, and one from when it was over. */

import type { NumberedDeed } from "../../api/types";

export interface Done {
    deed: NumberedDeed;
    /** `open` is what began and of whose end nobody wrote. */
    how: "done" | "refused" | "open";
}

/** `deeds` are the newest first, so that an end is met before its beginning. */
export function done(deeds: NumberedDeed[]): Done[] {
    const ended = new Set<string>();
    const found: Done[] = [];
    for (const deed of deeds) {
        const { request, status } = deed;
        if (status != null) {
            if (request) ended.add(request);
            found.push({ deed, how: status >= 400 ? "refused" : "done" });
        } else if (!request) {
            // What the engine or the command line writes is written with what it did.
            found.push({ deed, how: "done" });
        } else if (!ended.has(request)) {
            found.push({ deed, how: "open" });
        }
    }
    return found;
}

export interface Changed {
    field: string;
    before?: string;
    after?: string;
}

/** What is different afterwards, field by field. */
export function changes(before: unknown, after: unknown): Changed[] {
    const [old, now] = [fields(before), fields(after)];
    return [...new Set([...old.keys(), ...now.keys()])]
        .filter((field) => old.get(field) !== now.get(field))
        .map((field) => ({ field, before: old.get(field), after: now.get(field) }));
}

function fields(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
    if (value === null || value === undefined || value === "") return into;
    if (typeof value === "object") {
        for (const [name, inner] of Object.entries(value)) fields(inner, path ? `${path}.${name}` : name, into);
        return into;
    }
    return into.set(path, String(value));
}

/** What a subject is the address of, if anything: the id of an announcement. */
export function addressOf({ action, subject }: Pick<NumberedDeed, "action" | "subject">): string | undefined {
    return action.includes("broadcast") && /^[0-9a-z]{13}$/.test(subject) ? `/broadcasts/${subject}` : undefined;
}
