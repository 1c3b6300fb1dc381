/** An unfinished manuscript, as far as it can be shown: samples in the place of what lacks, and without what nobody could see. */

import type { Fault } from "../../api/problem";
import type { Manuscript } from "../../api/types";

export type Samples = { title: string; body: string; button: string; description: string };

/** Where a button leads that does not lead anywhere yet. */
const NOWHERE = "https://example.invalid/";

/** What activity feeds do not show. */
export const UNSEEN_IN_FEEDS = { body: "", image: null, buttons: [], author: null, banner: null };

/** Whether it says what activity feeds do not show, and goes nowhere else. */
export function saysTooMuch({ channel, body, image, buttons }: Manuscript): boolean {
    return channel === "feed" && (body !== "" || image !== null || buttons.length > 0);
}

/** Nobody has begun to write. */
export function isBlank({ title, body, image, buttons }: Manuscript): boolean {
    return !title.trim() && !body.trim() && !image && buttons.length === 0;
}

export function presentable(manuscript: Manuscript, faults: Fault[], samples: Samples): Manuscript {
    const isWrong = (field: string) => faults.some((fault) => fault.field === field);
    const { title, body, image, buttons, author, banner } = manuscript;
    const isPictureWrong = isWrong("image.url") || isWrong("image.picture");
    const shown = {
        ...manuscript,
        // Whom it is for and when it goes is not seen.
        audience: { expression: "everyone", list: null, lists: {} },
        schedule: null,
        tell: null,
        title: [...(title.trim() ? title : samples.title)].slice(0, 200).join(""),
        body: body.trim() ? body : samples.body,
        image:
            image && !isPictureWrong
                ? { ...image, description: image.description.trim() || samples.description }
                : null,
        buttons: buttons.slice(0, 6).map(({ text, url }, place) => ({
            text: [...(text.trim() ? text : samples.button)].slice(0, 60).join(""),
            url: isWrong(`buttons[${place}].url`) ? NOWHERE : url,
        })),
        author: author?.trim() ? [...author].slice(0, 100).join("") : null,
        banner: banner?.trim() ? [...banner].slice(0, 150).join("") : null,
    };
    return manuscript.channel === "feed" ? { ...shown, ...UNSEEN_IN_FEEDS } : shown;
}
