import { describe, expect, test } from "vitest";
import {
    type Edit,
    emphasise,
    isAddress,
    joinsLines,
    link,
    list,
    newLine,
    separateLines,
    wholeAddress,
} from "./markup";

/** A text with its selection between ‹ and ›, or its caret at ‸. */
function read(marked: string) {
    const caret = marked.indexOf("‸");
    if (caret >= 0) return { text: marked.replace("‸", ""), start: caret, end: caret };
    const start = marked.indexOf("‹");
    const end = marked.indexOf("›") - 1;
    return { text: marked.replace(/[‹›]/g, ""), start, end };
}

function outcome(marked: string, edit: Edit | undefined): string {
    if (!edit) return "nothing";
    const { text } = read(marked);
    const made = text.slice(0, edit.from) + edit.insert + text.slice(edit.to);
    if (edit.start === edit.end) return `${made.slice(0, edit.start)}‸${made.slice(edit.start)}`;
    return `${made.slice(0, edit.start)}‹${made.slice(edit.start, edit.end)}›${made.slice(edit.end)}`;
}

const bold = (marked: string) => outcome(marked, emphasise("bold", read(marked)));
const italic = (marked: string) => outcome(marked, emphasise("italic", read(marked)));

describe("emphasis", () => {
    test.each([
        ["Leave ‹today›.", "Leave **‹today›**."],
        ["Leave ‹today ›now", "Leave **‹today›** now"],
        ["Leave to‸day now", "Leave **‹today›** now"],
        ["Leave **‹today›**.", "Leave ‹today›."],
        ["Leave ‹**today**›.", "Leave ‹today›."],
        ["Leave ‸", "Leave **‸**"],
        ["‹one\ntwo›", "‹**one**\n**two**›"],
        ["‹- one\n- two›", "‹- **one**\n- **two**›"],
        ["‹**a** and **b**›", "**‹a and b›**"],
    ])("bold: %s", (before, wanted) => expect(bold(before)).toBe(wanted));

    test.each([
        ["Leave ‹today›.", "Leave _‹today›_."],
        ["Leave _‹today›_.", "Leave ‹today›."],
        ["Leave *‹today›*.", "Leave ‹today›."],
        ["Leave **‹today›**.", "Leave **_‹today›_**."],
        ["un‹believ›able", "un*‹believ›*able"],
    ])("italic: %s", (before, wanted) => expect(italic(before)).toBe(wanted));
});

describe("lists", () => {
    test.each([
        ["‹one\ntwo›", "‹- one\n- two›"],
        ["‹- one\n- two›", "‹one\ntwo›"],
        ["‹1. one\n2. two›", "‹- one\n- two›"],
        ["‸", "- ‸"],
        ["Bring:\nwater‸", "Bring:\n\n- water‸"],
        ["‹one\n\ntwo›", "‹- one\n\n- two›"],
    ])("bullets: %s", (before, wanted) => expect(outcome(before, list("bullets", read(before)))).toBe(wanted));

    test("numbers count", () => {
        const before = "‹one\n- two\nthree›";
        expect(outcome(before, list("numbers", read(before)))).toBe("‹1. one\n2. two\n3. three›");
    });

    test.each([
        ["- one‸", "- one\n- ‸"],
        ["9. one‸", "9. one\n10. ‸"],
        ["* one‸", "* one\n* ‸"],
        ["- one\n- ‸", "- one\n‸"],
        ["one‸", "nothing"],
        ["‸- one", "nothing"],
    ])("a new line: %s", (before, wanted) => expect(outcome(before, newLine(read(before)))).toBe(wanted));
});

describe("links", () => {
    test("what would end a link early is escaped", () => {
        const before = "See ‹here›.";
        const edit = link(read(before), "the [plan]", "https://contoso.com/a (1)");
        expect(outcome(before, edit)).toBe("See [the \\[plan\\]](https://contoso.com/a%20%281%29)‸.");
    });

    test.each([
        ["contoso.com/news", "https://contoso.com/news"],
        ["anna@contoso.com", "mailto:anna@contoso.com"],
        ["http://contoso.com", "http://contoso.com"],
        ["intranet.contoso.com:8443/x", "https://intranet.contoso.com:8443/x"],
        ["soon", "soon"],
    ])("%s is meant as %s", (written, whole) => expect(wholeAddress(written)).toBe(whole));

    test("only https and mailto open in Teams", () => {
        expect(["https://a.example", "mailto:a@b.example"].every(isAddress)).toBe(true);
        expect(["http://a.example", "https:", "mailto:", "a"].some(isAddress)).toBe(false);
    });
});

describe("lines", () => {
    test("prose that follows prose is joined, lists and paragraphs are not", () => {
        expect(joinsLines("one\ntwo")).toBe(true);
        expect(joinsLines("one\n\ntwo\n\n- three\n- four")).toBe(false);
    });
    test("they are put apart", () => expect(separateLines("one\ntwo\n- three\n")).toBe("one\n\ntwo\n- three\n"));
});
