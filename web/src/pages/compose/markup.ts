/**
 * What the editor's buttons do, as changes of a text: bold, italic, lists and links, in the Markdown that Teams shows.
 *
 * A command takes the text with its selection, and says which piece is replaced by what, and what is selected then. The
 * piece is as small as can be, so that the browser's own undo takes back just that.
 */

export type Selection = { text: string; start: number; end: number };
export type Edit = { from: number; to: number; insert: string; start: number; end: number };
export type ListKind = "bullets" | "numbers";

const MARKS = { bold: ["**", "__"], italic: ["_", "*"] } as const;
const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+/;
const LETTER = /[\p{L}\p{N}]/u;

/** Bold or italic on, or off again. Without a selection, of the word at hand. */
export function emphasise(kind: "bold" | "italic", selection: Selection): Edit {
    const { text } = selection;
    const [start, end] = trimmed(selection.start === selection.end ? wordAt(selection) : selection);
    if (text.slice(start, end).includes("\n")) return emphasiseLines(kind, { text, start, end });
    const around = markAround(kind, text, start, end);
    if (around) {
        const width = around.length;
        const insert = text.slice(start, end);
        return edit(start - width, end + width, insert, start - width, start - width + insert.length);
    }
    const within = markWithin(kind, text.slice(start, end));
    if (within) {
        const insert = text.slice(start + within.length, end - within.length);
        return edit(start, end, insert, start, start + insert.length);
    }
    const mark = markFor(kind, text, start, end);
    // Bold within bold ends it.
    const said = kind === "bold" ? text.slice(start, end).replaceAll(mark, "") : text.slice(start, end);
    return edit(start, end, mark + said + mark, start + mark.length, start + mark.length + said.length);
}

/** No emphasis reaches over an empty line, nor out of an item of a list: each line has its own. */
function emphasiseLines(kind: "bold" | "italic", { text, start, end }: Selection): Edit {
    const mark = MARKS[kind][0];
    const wrap = (line: string) => {
        const prefix = ITEM.exec(line)?.[0] ?? "";
        const said = line.slice(prefix.length);
        const core = said.trim();
        if (!core) return line;
        return prefix + said.replace(core, () => (markWithin(kind, core) ? core : mark + core + mark));
    };
    const insert = text.slice(start, end).split("\n").map(wrap).join("\n");
    return edit(start, end, insert, start, start + insert.length);
}

/** Makes the lines at hand a list, another list, or no list. */
export function list(kind: ListKind, { text, start, end }: Selection): Edit {
    const from = text.lastIndexOf("\n", start - 1) + 1;
    const until = text.indexOf("\n", end);
    const to = until < 0 ? text.length : until;
    const lines = text.slice(from, to).split("\n");
    const filled = lines.filter((line) => line.trim());
    const isOf = (line: string) => kindOf(line) === kind;
    const isOff = filled.length > 0 && filled.every(isOf);
    let number = 0;
    const made = lines.map((line) => {
        if (!line.trim() && lines.length > 1) return line;
        const bare = line.replace(ITEM, "");
        if (isOff) return bare;
        number += 1;
        return kind === "bullets" ? `- ${bare}` : `${number}. ${bare}`;
    });
    // A list that follows a paragraph at once is part of it for some readers of Markdown.
    const before = text.slice(0, from).split("\n").at(-2) ?? "";
    const gap = !isOff && before.trim() && !ITEM.test(before) ? "\n" : "";
    const insert = gap + made.join("\n");
    const caret = start === end ? from + insert.length - (to - end) : undefined;
    return edit(from, to, insert, caret ?? from + gap.length, caret ?? from + insert.length);
}

/** A new line within a list goes on with it; after an empty item it ends. `undefined` where it is a line like any other. */
export function newLine({ text, start, end }: Selection): Edit | undefined {
    if (start !== end) return undefined;
    const from = text.lastIndexOf("\n", start - 1) + 1;
    const until = text.indexOf("\n", start);
    const line = text.slice(from, until < 0 ? text.length : until);
    const item = ITEM.exec(line);
    if (!item || start - from < item[0].length) return undefined;
    if (line.slice(item[0].length).trim() === "") return edit(from, from + line.length, "", from, from);
    const [, indent = "", number] = item;
    const mark = number ? `${Number(number) + 1}. ` : `${line.trim()[0]} `;
    const insert = `\n${indent}${mark}`;
    return edit(start, end, insert, start + insert.length, start + insert.length);
}

/** A link in the place of the selection. */
export function link({ start, end }: Selection, words: string, address: string): Edit {
    const escaped = words.replace(/([[\]\\])/g, "\\$1");
    const safe = address.replace(/[\s()<>]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, "0")}`);
    const insert = `[${escaped}](${safe})`;
    return edit(start, end, insert, start + insert.length, start + insert.length);
}

/** An address as people write it, whole: `contoso.com/news` is meant as https, `anna@contoso.com` as an e-mail. */
export function wholeAddress(written: string): string {
    const address = written.trim();
    if (/^[^\s@/:]+@[^\s@/]+\.[a-z]{2,}$/i.test(address)) return `mailto:${address}`;
    if (/^[a-z][a-z0-9+.-]*:(?!\d)/i.test(address) || !/^[^\s/:]+\.[a-z]{2,}(?=[:/?#]|$)/i.test(address))
        return address;
    return `https://${address}`;
}

/** Whether Teams opens a link to `address`. */
export function isAddress(address: string): boolean {
    if (!URL.canParse(address)) return false;
    const { protocol, host, pathname } = new URL(address);
    return (protocol === "https:" && host !== "") || (protocol === "mailto:" && pathname.includes("@"));
}

/** Whether lines follow each other within a paragraph, which Teams puts on one line. */
export function joinsLines(text: string): boolean {
    const lines = text.split("\n");
    return lines.some((line, at) => isProse(line) && isProse(lines[at + 1] ?? ""));
}

/** The same text, with those lines apart. */
export function separateLines(text: string): string {
    const lines = text.split("\n");
    return lines.map((line, at) => (isProse(line) && isProse(lines[at + 1] ?? "") ? `${line}\n` : line)).join("\n");
}

const isProse = (line: string) => line.trim() !== "" && !ITEM.test(line);

const edit = (from: number, to: number, insert: string, start: number, end: number): Edit => ({
    from,
    to,
    insert,
    start,
    end,
});

function kindOf(line: string): ListKind | undefined {
    const item = ITEM.exec(line);
    return item ? (item[2] ? "numbers" : "bullets") : undefined;
}

function wordAt({ text, start }: Selection): Selection {
    const isLetter = (at: number) => LETTER.test(text[at] ?? "");
    let [from, to] = [start, start];
    while (from > 0 && isLetter(from - 1)) from -= 1;
    while (to < text.length && isLetter(to)) to += 1;
    return { text, start: from, end: to };
}

/** Blanks at the edges stay outside: `** word**` is shown raw. */
function trimmed({ text, start, end }: Selection): [number, number] {
    const said = text.slice(start, end);
    const lead = said.length - said.trimStart().length;
    const trail = said.trimEnd().length;
    return said.trim() ? [start + lead, start + trail] : [start, end];
}

function isMarked(kind: "bold" | "italic", mark: string, before: string, after: string): boolean {
    if (!before.endsWith(mark) || !after.startsWith(mark)) return false;
    if (kind === "bold") return true;
    // One of two stars is half of a bold mark; one of three is italic within bold.
    const letter = mark[0] ?? "";
    const run = (text: string) => text.length - text.replace(letter === "*" ? /^\*+/ : /^_+/, "").length;
    return run([...before].reverse().join("")) % 2 === 1 && run(after) % 2 === 1;
}

function markAround(kind: "bold" | "italic", text: string, start: number, end: number): string | undefined {
    return MARKS[kind].find((mark) => isMarked(kind, mark, text.slice(0, start), text.slice(end)));
}

function markWithin(kind: "bold" | "italic", said: string): string | undefined {
    return MARKS[kind].find((mark) => {
        if (said.length <= 2 * mark.length || !said.startsWith(mark) || !said.endsWith(mark)) return false;
        const inner = said.slice(mark.length, -mark.length);
        const isDouble = kind === "italic" && inner.startsWith(mark) && !inner.startsWith(mark + mark);
        return !isDouble && !(kind === "bold" && inner.includes(mark));
    });
}

/** Underlines within a word are shown raw; stars are not. */
function markFor(kind: "bold" | "italic", text: string, start: number, end: number): string {
    const isWithinWord = LETTER.test(text[start - 1] ?? "") || LETTER.test(text[end] ?? "");
    return kind === "italic" && isWithinWord ? "*" : MARKS[kind][0];
}
