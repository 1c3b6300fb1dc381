import { expect, test } from "vitest";
import type { Content } from "../../api/types";
import { contentOf, correction, fieldsOf } from "./correction";

const said: Content = {
    title: "Closed on Friday",
    body: "Please leave.",
    banner: "Closed",
    author: "Facilities",
    buttons: [{ text: "More", url: "https://intranet.example" }],
    image: null,
};
const fields = fieldsOf(said);

test("nothing changed is no correction", () => {
    expect(correction(said, fields)).toBeUndefined();
    const bare = { ...said, banner: null, author: null, buttons: [] };
    expect(correction(bare, fieldsOf(bare))).toBeUndefined();
});

test("only what differs is sent", () => {
    expect(correction(said, { ...fields, title: "Open on Friday" })).toEqual({ title: "Open on Friday" });
    const buttons = [{ text: "Less", url: "https://intranet.example" }];
    expect(correction(said, { ...fields, buttons })).toEqual({ buttons });
});

test("what is emptied is left out from then on", () => {
    expect(correction(said, { ...fields, banner: " ", author: "", buttons: [] })).toEqual({
        without: ["banner", "author", "buttons"],
    });
    expect(correction(said, { ...fields, body: "" })).toEqual({ body: "" });
});

test("the preview keeps the picture", () => {
    const image = { url: "https://picture.example", description: "A door" };
    expect(contentOf({ ...said, image }, { ...fields, banner: "" })).toEqual({ ...said, image, banner: null });
});
