/** In French a space that must not break stands before tall signs of punctuation, and within quotation marks. */

const THIN = "\u202f";
const WIDE = "\u00a0";

const spaced = (text: string) =>
    text
        .replace(/ ([;!?])/g, `${THIN}$1`)
        .replace(/ ([:»])/g, `${WIDE}$1`)
        .replace(/« /g, `«${WIDE}`);

/** The same words, with these spaces; so that nobody has to tell spaces apart in a source. */
export function french<T>(words: T): T {
    if (typeof words === "string") return spaced(words) as T;
    if (Array.isArray(words)) return words.map(french) as T;
    return Object.fromEntries(Object.entries(words as object).map(([name, word]) => [name, french(word)])) as T;
}
