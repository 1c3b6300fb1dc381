/** What people get, as Teams shows it. */

import type { Content, Manuscript } from "../../api/types";

export type PreviewProps = {
    /** Of a draft, as it stands on the screen. */
    manuscript?: Manuscript;
    /** Of what was said. */
    content?: Content;
};

export function Preview(_: PreviewProps) {
    return null;
}
