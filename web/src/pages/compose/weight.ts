/** Drafts hold their lists of people as text, and some lists are long. */

import type { Manuscript } from "../../api/types";

/** A list of people longer than this, in characters, does not travel with every word that is typed. */
const LIST_MAX = 100_000;

/** How long its lists are, in characters. */
export function weight({ audience }: Pick<Manuscript, "audience">): number {
    const { list, lists } = audience ?? {};
    return [list ?? "", ...Object.values(lists ?? {})].reduce((sum, text) => sum + text.length, 0);
}

export const isHeavy = (manuscript: Pick<Manuscript, "audience">) => weight(manuscript) > LIST_MAX;
