/** Two people, or two windows, on one draft: what each changed, field by field, and whether both can be had. */

import type { Manuscript } from "../../api/types";

export type Field = keyof Manuscript;

/** Whether two values say the same, in whatever order they say it; what is absent is `null`. */
export function same(one: unknown, other: unknown): boolean {
    if (one === other || (one ?? null) === (other ?? null)) return true;
    if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
    if (Array.isArray(one) !== Array.isArray(other)) return false;
    const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => same(left[key], right[key]));
}

/** The fields in which `one` and `other` differ. */
export function differing(one: Partial<Manuscript>, other: Partial<Manuscript>): Field[] {
    const fields = [...new Set([...Object.keys(one), ...Object.keys(other)])] as Field[];
    return fields.filter((field) => !same(one[field], other[field]));
}

export function pick(manuscript: Partial<Manuscript>, fields: Field[]): Partial<Manuscript> {
    return Object.fromEntries(fields.map((field) => [field, manuscript[field] ?? null]));
}

export type Merged = {
    /** Theirs, with what was changed here. */
    manuscript: Manuscript;
    /** What they changed. */
    theirs: Field[];
    /** What both changed, and not alike. `manuscript` has it as it is here. */
    clashes: Field[];
};

/**
 * Joins `mine` and `theirs`. `bases` are what theirs may come from: what we last saw, and whatever we sent since without
 * hearing whether it arrived; a field that looks like any of them nobody else has touched.
 */
export function merge(
    bases: [Partial<Manuscript>, ...Partial<Manuscript>[]],
    mine: Partial<Manuscript>,
    theirs: Manuscript,
): Merged {
    const [base] = bases;
    const ours = differing(base, mine);
    const isTheirs = (field: Field) => !bases.some((base) => same(base[field], theirs[field]));
    const changed = (Object.keys(theirs) as Field[]).filter(isTheirs);
    return {
        manuscript: { ...theirs, ...pick(mine, ours) },
        theirs: changed,
        clashes: changed.filter((field) => ours.includes(field) && !same(mine[field], theirs[field])),
    };
}
