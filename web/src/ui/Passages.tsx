import type { Passage } from "./fromServer";

/** Sentences one after the other, each in its language: a screen reader reads them so. */
export function Passages({ of }: { of: Passage[] }) {
    return of.map(({ text, lang }, at) => (
        <span key={text} lang={lang}>
            {at > 0 && " "}
            {text}
        </span>
    ));
}
