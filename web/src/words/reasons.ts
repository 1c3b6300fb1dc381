/**
 * Why people were not reached, and why everything stopped, by the server's stable codes.
 *
 * One code has a sentence of its own where a channel, or what was sent before, is meant: which one the server chose, its
 * English tells (`ui/reason.ts`).
 */

import { french } from "./french";
import * as afterwards from "./reasons/afterwards";
import * as channels from "./reasons/channels";
import * as halts from "./reasons/halts";
import * as people from "./reasons/people";

export const en = { people: people.en, channels: channels.en, afterwards: afterwards.en, halts: halts.en };

export const fr: typeof en = french({
    people: people.fr,
    channels: channels.fr,
    afterwards: afterwards.fr,
    halts: halts.fr,
});
