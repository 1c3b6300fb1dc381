import { expect, test } from "vitest";
import type { Manuscript } from "../../api/types";
import { presentable } from "./presentable";

const samples = { title: "Title", body: "Text", button: "Button", description: "Picture" };
const fault = (field: string) => ({ field, problem: "is wrong", cure: "" });

test("what lacks is a sample, what is wrong is left out, and the rest stays", () => {
    const manuscript = {
        title: "Noon",
        body: " ",
        image: { picture: null, url: "http://x", description: "" },
        buttons: [
            { text: "", url: "foo" },
            { text: "Read", url: "https://a.example" },
        ],
        author: "",
        banner: "x".repeat(200),
    } as unknown as Manuscript;
    expect(presentable(manuscript, [fault("image.url"), fault("buttons[0].url")], samples)).toMatchObject({
        title: "Noon",
        body: "Text",
        image: null,
        buttons: [
            { text: "Button", url: "https://example.invalid/" },
            { text: "Read", url: "https://a.example" },
        ],
        author: null,
        banner: "x".repeat(150),
    });
});

test("activity feeds show the title alone", () => {
    const manuscript = {
        title: "Noon",
        body: "Leave.",
        image: null,
        buttons: [],
        channel: "feed",
    } as unknown as Manuscript;
    expect(presentable(manuscript, [], samples)).toMatchObject({ title: "Noon", body: "", buttons: [] });
});
