/** What is to be said otherwise: as it stands on the screen, and what of it differs from what was said. */

import type { Channels, Correction, Manuscript, SaidDocument } from "../../api/types";

type Feed = NonNullable<Manuscript["feed"]>;

/** What a correction can change. */
const PARTS = ["title", "body", "banner", "author", "buttons", "image", "feed"] as const;
export type Words = Pick<Manuscript, (typeof PARTS)[number]>;

/** The variables of templates that say the title, and follow it. */
const TITLES = ["title", "systemDefaultText"];
type Following = { name: string; value: string; title: string };
const isFollowing = ({ name, value, title }: Following) => TITLES.includes(name) && value === title;

/** The variables of a notification's template, and what fills them. */
const variablesOf = ({ notification }: SaidDocument): [string, string][] =>
    (notification?.parameters ?? []).map(([name = "", value = ""]) => [name, value]);

/** Whether a line says what the notification does, as far as it has room for it. */
const isSame = (line: string, whole: string) =>
    line === whole || (line.endsWith("…") && whole.startsWith(line.slice(0, -1)));

const NO_FEED = { parameters: {}, all_members: false, by_principal_name: false, name_app: false } as Partial<Feed>;

/** What was said, in the way of somebody who writes. What follows the title of itself is left open in the feed. */
export function wordsOf(said: SaidDocument): Words {
    const { content, notification } = said;
    const { title, body, author = null, banner = null, buttons, image } = content;
    const feed = notification && {
        ...NO_FEED,
        activity_type: notification.activity_type,
        preview_text: isSame(notification.preview, banner ?? title) ? null : notification.preview,
        parameters: Object.fromEntries(
            variablesOf(said).filter(([name, value]) => !isFollowing({ name, value, title })),
        ),
    };
    const picture = image ? { ...image, picture: null } : null;
    return { title, body, author, banner, buttons, image: picture, feed: (feed ?? null) as Feed | null };
}

/** The whole of it, for whoever judges or shows manuscripts. A post in a channel of a team looks as a message does. */
export function manuscriptOf(said: SaidDocument, channels: Channels, words = wordsOf(said)): Manuscript {
    const { title } = said.content;
    const following = variablesOf(said).filter(([name, value]) => isFollowing({ name, value, title }));
    const titled = Object.fromEntries(following.map(([name]) => [name, words.title]));
    const feed = words.feed && { ...words.feed, parameters: { ...titled, ...words.feed.parameters } };
    const channel = channels === "team_channel" ? "chat" : channels;
    const isOfFeed = channel === "feed" || channel === "both";
    const whole: Partial<Manuscript> = { ...words, channel, feed: isOfFeed ? feed : null };
    return whole as Manuscript;
}

/** The same words at the beginning of another announcement. */
export function draftOf(said: SaidDocument, channel: Channels): Partial<Manuscript> {
    const { title, feed, ...rest } = wordsOf(said);
    if (channel === "feed") return { title, feed, channel };
    return { title, ...rest, feed: channel === "both" ? feed : null, channel };
}

/** Those of `manuscript` that a correction can change. */
export const partsOf = (manuscript: Partial<Manuscript>): Partial<Words> =>
    Object.fromEntries(PARTS.filter((part) => part in manuscript).map((part) => [part, manuscript[part]]));

/** The correction that makes `words` of what was said; `undefined` when nothing differs. What is emptied is left out from then on. */
export function correction(said: SaidDocument, words: Words): Partial<Correction> | undefined {
    const before = wordsOf(said);
    const wanted: Partial<Correction> = {};
    const without: NonNullable<Correction["without"]> = [];
    if (words.title !== before.title) wanted.title = words.title;
    if (words.body.trimEnd() !== before.body.trimEnd()) wanted.body = words.body;
    for (const part of ["banner", "author"] as const) {
        const [is, was] = [words[part]?.trim() ? words[part] : null, before[part]];
        if (is === was) continue;
        if (is === null) without.push(part);
        else wanted[part] = is;
    }
    if (JSON.stringify(words.buttons) !== JSON.stringify(before.buttons)) {
        if (words.buttons.length === 0) without.push("buttons");
        else wanted.buttons = words.buttons;
    }
    if (words.image === null) {
        if (before.image !== null) without.push("image");
    } else if (words.image.picture || words.image.url !== before.image?.url) wanted.image = words.image;
    // The picture stays; only what it shows is said otherwise.
    else if (words.image.description !== before.image?.description) wanted.image = { ...words.image, url: null };
    if (words.feed && before.feed) {
        const line = words.feed.preview_text?.trim() ? words.feed.preview_text : null;
        // Emptied, it follows the notification's text again.
        if (line !== before.feed.preview_text) wanted.preview_text = line ?? (words.banner?.trim() || words.title);
        const changed = Object.entries(words.feed.parameters ?? {}).filter(
            ([name, value]) => value !== before.feed?.parameters?.[name],
        );
        if (changed.length > 0) wanted.parameters = Object.fromEntries(changed);
    }
    if (without.length > 0) wanted.without = without;
    return Object.keys(wanted).length > 0 ? wanted : undefined;
}

const PREFIX = "stentor.correction.";
const key = (id: string) => PREFIX + id;

/** What was typed and not sent yet, of this window: closing the dialog, or loading the page anew, takes nothing away. */
export const kept = {
    /** Of which broadcasts something is kept. */
    all: (): string[] => {
        try {
            return Object.keys(sessionStorage).flatMap((name) =>
                name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [],
            );
        } catch {
            return [];
        }
    },
    read: (id: string): Words | undefined => {
        try {
            const text = sessionStorage.getItem(key(id));
            return text ? (JSON.parse(text) as Words) : undefined;
        } catch {
            return undefined;
        }
    },
    write: (id: string, words: Words | undefined) => {
        try {
            if (words) sessionStorage.setItem(key(id), JSON.stringify(words));
            else sessionStorage.removeItem(key(id));
        } catch {
            // A browser that keeps nothing has nothing to forget.
        }
    },
};
