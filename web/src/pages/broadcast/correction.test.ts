import { expect, test } from "vitest";
import type { SaidDocument } from "../../api/types";
import { correction, manuscriptOf, partsOf, wordsOf } from "./correction";

const image = { url: "https://pictures.example/door.png", description: "A door" };
const said: SaidDocument = {
    content: {
        title: "Closed on Friday",
        body: "Please leave.",
        banner: "Closed",
        author: "Facilities",
        buttons: [{ text: "More", url: "https://intranet.example" }],
        image,
    },
};
const words = wordsOf(said);
const notification = {
    activity_type: "announcementPublished",
    preview: "Closed",
    parameters: [
        ["title", "Closed on Friday"],
        ["place", "Lyon"],
    ],
} as unknown as NonNullable<SaidDocument["notification"]>;
const inFeeds: SaidDocument = { ...said, notification };

test("nothing changed is no correction", () => {
    expect(correction(said, words)).toBeUndefined();
    const bare = { content: { ...said.content, banner: null, author: null, buttons: [], image: null } };
    expect(correction(bare, wordsOf(bare))).toBeUndefined();
    expect(correction(inFeeds, wordsOf(inFeeds))).toBeUndefined();
    expect(correction(said, { ...words, body: "Please leave.\n" })).toBeUndefined();
});

test("only what differs is sent", () => {
    expect(correction(said, { ...words, title: "Open on Friday" })).toEqual({ title: "Open on Friday" });
    const buttons = [{ text: "Less", url: "https://intranet.example" }];
    expect(correction(said, { ...words, buttons })).toEqual({ buttons });
});

test("what is emptied is left out from then on", () => {
    expect(correction(said, { ...words, banner: " ", author: null, buttons: [], image: null })).toEqual({
        without: ["banner", "author", "buttons", "image"],
    });
    expect(correction(said, { ...words, body: "" })).toEqual({ body: "" });
});

test("another picture is sent, and of the same one only what it shows", () => {
    const other = { picture: "2f0c", url: null, description: "A gate" };
    expect(correction(said, { ...words, image: other })).toEqual({ image: other });
    const described = { picture: null, url: image.url, description: "The back door" };
    expect(correction(said, { ...words, image: described })).toEqual({
        image: { picture: null, url: null, description: "The back door" },
    });
});

test("in feeds, what followed the title goes on following it", () => {
    const words = wordsOf(inFeeds);
    expect(words.feed).toMatchObject({ preview_text: null, parameters: { place: "Lyon" } });
    const renamed = { ...words, title: "Open on Friday" };
    expect(correction(inFeeds, renamed)).toEqual({ title: "Open on Friday" });
    expect(manuscriptOf(inFeeds, "both", renamed).feed?.parameters).toEqual({ title: "Open on Friday", place: "Lyon" });
});

test("in feeds, the line and the variables can be said otherwise", () => {
    const words = wordsOf(inFeeds);
    const feed = {
        ...words.feed,
        preview_text: "Lyon is closed",
        parameters: { place: "Hamburg" },
    } as typeof words.feed;
    expect(correction(inFeeds, { ...words, feed })).toEqual({
        preview_text: "Lyon is closed",
        parameters: { place: "Hamburg" },
    });
    const own = { ...inFeeds, notification: { ...notification, preview: "Something else" } };
    const emptied = { ...wordsOf(own), feed: { ...wordsOf(own).feed, preview_text: null } as typeof words.feed };
    expect(correction(own, emptied)).toEqual({ preview_text: "Closed" });
});

test("a post looks as a message does, and only words are changed", () => {
    expect(manuscriptOf(said, "team_channel").channel).toBe("chat");
    expect(partsOf({ title: "A", urgent: true })).toEqual({ title: "A" });
});
