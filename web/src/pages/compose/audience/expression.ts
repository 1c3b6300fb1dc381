/**
 * An audience in words, and the same as chips: whom it includes, and whom not.
 *
 * Chips can say `a or b except c except d`, which is what nearly everybody means. The language can say more (docs/audiences.md);
 * of that `read` says nothing at all, so that nobody sees a part of an audience and takes it for the whole.
 */

export const ATTRIBUTES = ["department", "job_title", "office", "country", "language"] as const;
const ALL_ATTRIBUTES = [...ATTRIBUTES, "name", "mail", "user_principal_name"] as const;
export const TESTS = ["is", "starts", "contains"] as const;
const FLAGS = ["guest", "disabled", "unlicensed"] as const;
const STANDINGS = ["sent", "failed", "skipped", "unconfirmed", "cancelled", "pending"] as const;
const NAMED = ["group", "team", "list", "person", "saved"] as const;

export type Attribute = (typeof ALL_ATTRIBUTES)[number];
export type Test = (typeof TESTS)[number];
export type Flag = (typeof FLAGS)[number];
export type Standing = (typeof STANDINGS)[number];

export type Chip =
    | { kind: "everyone" }
    | { kind: (typeof NAMED)[number]; name: string }
    | { kind: "attribute"; attribute: Attribute; test: Test; value: string }
    | { kind: "flag"; flag: Flag }
    | { kind: "broadcast"; id: string; standing?: Standing; because?: string };

export type Chips = { include: Chip[]; except: Chip[] };

/** In quotes, as the language wants it: on one line, and a quote inside with a backslash before it. */
function quote(name: string): string {
    const line = name.replace(/\p{Cc}+/gu, " ").trim();
    return `"${line.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** One chip in words; two chips that mean the same people are equal in these. */
export function writeChip(chip: Chip): string {
    switch (chip.kind) {
        case "everyone":
            return "everyone";
        case "attribute": {
            const test = { is: "=", starts: "starts with", contains: "contains" }[chip.test];
            return `${chip.attribute} ${test} ${quote(chip.value)}`;
        }
        case "flag":
            return chip.flag;
        case "broadcast": {
            const because = chip.because ? ` because ${quote(chip.because)}` : "";
            return `broadcast ${chip.id}${chip.standing ? ` ${chip.standing}${because}` : ""}`;
        }
        default:
            return `${chip.kind} ${quote(chip.name)}`;
    }
}

/**
 * Chips in words. Where only exceptions are chosen it begins with `except`: the server takes no such audience, and the draft
 * keeps it; putting `everyone` before them would write to people whom nobody has chosen.
 */
export function write({ include, except }: Chips): string {
    const meant = include.map(writeChip).join(" or ");
    return [meant, ...except.map((chip) => `except ${writeChip(chip)}`)].filter(Boolean).join(" ");
}

type Token = { sign: "word" | "text" | "(" | ")" | "," | "="; value: string };

/** Nothing when there is a sign that the language does not know, or a quote that is not closed. */
function tokens(text: string): Token[] | undefined {
    const found: Token[] = [];
    let at = 0;
    while (at < text.length) {
        const rest = text.slice(at);
        const space = /^\s+/.exec(rest);
        const word = /^[\p{L}\p{N}_]+/u.exec(rest);
        if (space) at += space[0].length;
        else if (word) {
            found.push({ sign: "word", value: word[0] });
            at += word[0].length;
        } else if (/^[(),]|^=(?![=~])/.test(rest)) {
            found.push({ sign: rest.charAt(0) as Token["sign"], value: "" });
            at += 1;
        } else {
            const text = quoted(rest);
            if (!text) return undefined;
            found.push({ sign: "text", value: text.value });
            at += text.length;
        }
    }
    return found;
}

/** What is opened by one of the curved quotes is closed by one of those. */
function quoted(rest: string): { value: string; length: number } | undefined {
    const opening = rest.charAt(0);
    if (!"\"'“„”".includes(opening)) return undefined;
    const closing = "\"'".includes(opening) ? opening : "“”";
    let value = "";
    for (let at = 1; at < rest.length; at += 1) {
        const letter = rest.charAt(at);
        const next = rest.charAt(at + 1);
        if (letter === "\\" && next !== "" && "\\\"'".includes(next)) {
            value += next;
            at += 1;
        } else if (closing.includes(letter)) return { value: value.trim(), length: at + 1 };
        else if (/\p{Cc}/u.test(letter)) return undefined;
        else value += letter;
    }
    return undefined;
}

/** Thrown where words are not of the shape that chips have. */
class Otherwise extends Error {}

class Reader {
    #next = 0;
    readonly #tokens: Token[];

    constructor(tokens: Token[]) {
        this.#tokens = tokens;
    }

    isAtEnd = () => this.#next === this.#tokens.length;

    takes(sign: Token["sign"], word?: string): boolean {
        const token = this.#tokens[this.#next];
        if (token?.sign !== sign || (word !== undefined && token.value.toLowerCase() !== word)) return false;
        this.#next += 1;
        return true;
    }

    wants(sign: Token["sign"]): string {
        const token = this.#tokens[this.#next];
        if (token?.sign !== sign) throw new Otherwise();
        this.#next += 1;
        return token.value;
    }

    takesOneOf<Word extends string>(words: readonly Word[]): Word | undefined {
        return words.find((word) => this.takes("word", word));
    }

    /** One source; several where it names several values. */
    sources(): Chip[] {
        if (this.takes("word", "everyone")) return [{ kind: "everyone" }];
        const flag = this.takesOneOf(FLAGS);
        if (flag) return [{ kind: "flag", flag }];
        const kind = this.takesOneOf(NAMED);
        if (kind) return [{ kind, name: this.wants("text") }];
        if (this.takes("word", "broadcast")) return [this.broadcast()];
        const attribute = this.takesOneOf(ALL_ATTRIBUTES);
        if (attribute) return this.tests().map((test) => ({ kind: "attribute", attribute, ...test }));
        throw new Otherwise();
    }

    broadcast(): Chip {
        const id = this.wants("word");
        const standing = this.takesOneOf(STANDINGS);
        const because = standing && this.takes("word", "because") ? this.wants("text") : undefined;
        return { kind: "broadcast", id, ...(standing && { standing }), ...(because && { because }) };
    }

    tests(): { test: Test; value: string }[] {
        if (this.takes("=")) return [{ test: "is", value: this.wants("text") }];
        if (this.takes("word", "contains")) return [{ test: "contains", value: this.wants("text") }];
        if (this.takes("word", "starts") && this.takes("word", "with"))
            return [{ test: "starts", value: this.wants("text") }];
        if (!this.takes("word", "in")) throw new Otherwise();
        this.wants("(");
        const values: { test: Test; value: string }[] = [];
        do values.push({ test: "is", value: this.wants("text") });
        while (this.takes(","));
        this.wants(")");
        return values;
    }

    /** `source`, or `(source or source)`. */
    several(): Chip[] {
        if (!this.takes("(")) return this.sources();
        const chips = this.joined();
        this.wants(")");
        return chips;
    }

    joined(): Chip[] {
        const chips = this.several();
        while (this.takes("word", "or")) chips.push(...this.several());
        return chips;
    }

    whole(): Chips {
        const chips: Chips = { include: [], except: [] };
        const begins = this.#tokens[0];
        if (!(begins?.sign === "word" && begins.value.toLowerCase() === "except")) chips.include = this.joined();
        // An `or` behind an `except` adds to what is left, which is not what two rows of chips would say.
        while (this.takes("word", "except")) chips.except.push(...this.several());
        if (!this.isAtEnd()) throw new Otherwise();
        return chips;
    }
}

/** Words as chips; nothing when chips cannot say the same. */
export function read(text: string): Chips | undefined {
    if (text.trim() === "") return { include: [], except: [] };
    const found = tokens(text);
    if (!found) return undefined;
    try {
        const { include, except } = new Reader(found).whole();
        return { include: unique(include), except: unique(except) };
    } catch (error) {
        if (error instanceof Otherwise) return undefined;
        throw error;
    }
}

const folded = (chip: Chip) => writeChip(chip).toLowerCase();

/** Whether two chips mean the same: capital and small letters are equal. */
export const isSame = (one: Chip, other: Chip) => folded(one) === folded(other);

export function unique(chips: Chip[]): Chip[] {
    return chips.filter((chip, place) => chips.findIndex((other) => isSame(chip, other)) === place);
}

/** A name that no list of `lists` has. */
export function freeName(wanted: string, lists: Record<string, string>): string {
    const taken = new Set(Object.keys(lists).map((name) => name.toLowerCase()));
    const name = [...wanted.replace(/\p{Cc}+/gu, " ").trim()].slice(0, 90).join("") || "list";
    for (let number = 1; ; number += 1) {
        const candidate = number === 1 ? name : `${name} ${number}`;
        if (!taken.has(candidate.toLowerCase())) return candidate;
    }
}
