/** Whom the open draft is for: as chips where those can say it, and as words always. */

import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Manuscript } from "../../../api/types";
import { useDraft } from "../draft";
import { type Chip, type Chips, freeName, read, unique, write } from "./expression";

export type Row = keyof Chips;

export interface Chosen {
    /** Nothing where chips cannot say it. */
    chips: Chips | undefined;
    words: string;
    lists: Record<string, string>;
    /** Lists that were taken out while this page is open, so that nobody has to upload them again. */
    spare: Record<string, string>;
    choose(chips: Chips): void;
    add(row: Row, chip: Chip): void;
    say(words: string): void;
    addList(row: Row, name: string, text: string): void;
    dropList(name: string): void;
}

type Said = { words: string; lists: Record<string, string> };

/** Nobody is chosen. */
export const isNobody = (manuscript: Manuscript) => !manuscript.audience?.expression && !manuscript.audience?.list;

export function useAudience(): Chosen {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const spare = useRef<Record<string, string>>({});
    const { words, lists } = said(manuscript, t("audience.the_list"));

    const keep = (words: string, lists: Record<string, string>) => {
        const isNothing = words.trim() === "" && Object.keys(lists).length === 0;
        change({ audience: isNothing ? null : { expression: words, list: null, lists } });
    };
    const choose = (chips: Chips, all: Record<string, string>) => {
        const named = [...chips.include, ...chips.except].flatMap((chip) =>
            chip.kind === "list" ? [chip.name.toLowerCase()] : [],
        );
        const entries = Object.entries({ ...spare.current, ...all });
        spare.current = Object.fromEntries(entries);
        keep(write(chips), Object.fromEntries(entries.filter(([name]) => named.includes(name.toLowerCase()))));
    };
    const chips = read(words);
    const withChip = (row: Row, chip: Chip): Chips => {
        const { include, except } = chips ?? { include: [], except: [] };
        return row === "include"
            ? { include: unique([...include, chip]), except }
            : { include, except: unique([...except, chip]) };
    };
    return {
        chips,
        words,
        lists,
        spare: Object.fromEntries(Object.entries(spare.current).filter(([name]) => !(name in lists))),
        choose: (chips) => choose(chips, lists),
        add: (row, chip) => choose(withChip(row, chip), lists),
        say: (words) => keep(words, lists),
        addList: (row, wanted, text) => {
            const name = freeName(wanted, { ...spare.current, ...lists });
            choose(withChip(row, { kind: "list", name }), { ...lists, [name]: text });
        },
        dropList: (name) => keep(words, Object.fromEntries(Object.entries(lists).filter(([other]) => other !== name))),
    };
}

/** A list alone, as programs hand it in, is a list that the words name. */
function said(manuscript: Manuscript, name: string): Said {
    const audience = manuscript.audience;
    if (audience?.list && !audience.expression) {
        return { words: write({ include: [{ kind: "list", name }], except: [] }), lists: { [name]: audience.list } };
    }
    return { words: audience?.expression ?? "", lists: audience?.lists ?? {} };
}
