/**
 * One draft on somebody's desk, and its way to the server: what is changed is saved a moment later, one save at a time, each
 * on the version that it was changed from. Until the server has it, it is kept on this machine.
 */

import { isPassing, Refused } from "../../api/problem";
import type { BroadcastDocument, Manuscript } from "../../api/types";
import * as keep from "./keep";
import { differing, type Field, merge, pick, same } from "./merge";
import { isHeavy } from "./weight";

export type Saving = "saved" | "saving" | "unsaved" | "conflict" | "failed";

/** How long nobody types before it is saved, in milliseconds. */
const QUIET = 800;
/** The same of a draft with a long list, which travels with every save: a megabyte, say, for twenty thousand people. */
const QUIET_HEAVY = 5_000;
/** The longest pause before asking again a server that did not answer, in milliseconds. */
const PAUSE_MAX = 15_000;

/** What was changed elsewhere, and by whom. */
export type Elsewhere = { document: BroadcastDocument; fields: Field[] };

export type DeskState = {
    document: BroadcastDocument;
    manuscript: Manuscript;
    saving: Saving;
    /** Why it is not saved. */
    error: unknown;
    /** Both changed the same, and somebody must choose. */
    conflict: Elsewhere | undefined;
    /** Changed elsewhere, and joined with what is here. */
    joined: Elsewhere | undefined;
    /** What was written here before and had not been saved was brought back. */
    isRestored: boolean;
};

export type Server = {
    put: (id: string, version: number, manuscript: Manuscript) => Promise<BroadcastDocument>;
    get: (id: string) => Promise<BroadcastDocument>;
    /** Hears of each document that the server tells. */
    told: (document: BroadcastDocument) => void;
};

const versionOf = (document: BroadcastDocument) => document.draft?.version ?? 0;
const written = (document: BroadcastDocument) => document.draft?.manuscript ?? ({} as Manuscript);

export class Desk {
    #state: DeskState;
    readonly #server: Server;
    readonly #listeners = new Set<() => void>();
    /** Sent, and nobody knows whether it arrived. */
    #unanswered: Manuscript[] = [];
    #queue: Promise<void> = Promise.resolve();
    #timer: ReturnType<typeof setTimeout> | undefined;
    #failures = 0;

    constructor(document: BroadcastDocument, server: Server) {
        this.#server = server;
        this.#state = {
            document,
            manuscript: written(document),
            saving: "saved",
            error: undefined,
            conflict: undefined,
            joined: undefined,
            isRestored: false,
        };
        this.#restore();
    }

    readonly subscribe = (listener: () => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    };

    readonly state = () => this.#state;

    /** At once on the screen and on this machine, a moment later on the server. */
    change(patch: Partial<Manuscript>) {
        this.#set({ manuscript: { ...this.#state.manuscript, ...patch } });
        this.#keep();
        if (!this.#state.conflict) this.#schedule(this.#canWait() ? QUIET_HEAVY : QUIET);
    }

    /** The page has another document, from wherever it came. */
    adopt(document: BroadcastDocument) {
        const [seen, told] = [versionOf(this.#state.document), versionOf(document)];
        if (told > seen) this.#meet(document);
        else if (told === seen && document !== this.#state.document) this.#set({ document });
    }

    /** Saves what is not saved, after what is being saved. */
    flush(): Promise<void> {
        clearTimeout(this.#timer);
        this.#queue = this.#queue.then(() => this.#save());
        return this.#queue;
    }

    /** Saves all, and tells the tag of the version that holds it; throws why it cannot. */
    async settled(): Promise<string> {
        while (this.#isDirty()) {
            await this.flush();
            const { conflict, error } = this.#state;
            if (conflict) throw error ?? new Error("The draft was changed elsewhere.");
            if (this.#isDirty() && error) throw error;
        }
        return `"${versionOf(this.#state.document)}"`;
    }

    /** The server answers again, or somebody wants it tried. */
    retry() {
        this.#failures = 0;
        if (this.#isDirty() && !this.#state.conflict) void this.flush();
    }

    /** Ends a conflict. */
    choose(whose: "mine" | "theirs") {
        const { conflict } = this.#state;
        if (!conflict) return;
        const { manuscript, clashes } = this.#merged(conflict.document);
        const theirs = written(conflict.document);
        this.#unanswered = [];
        this.#set({
            document: conflict.document,
            manuscript: whose === "mine" ? manuscript : { ...manuscript, ...pick(theirs, clashes) },
            conflict: undefined,
            error: undefined,
        });
        this.#keep();
        void this.flush();
    }

    /** It is deleted: nothing of it is to be saved any more. */
    abandon() {
        clearTimeout(this.#timer);
        keep.forget(this.#state.document.id);
        this.#set({ manuscript: written(this.#state.document), conflict: undefined, error: undefined });
    }

    /** The news was read. */
    dismiss() {
        this.#set({ joined: undefined, isRestored: false });
    }

    #isDirty() {
        return differing(written(this.#state.document), this.#state.manuscript).length > 0;
    }

    /** A long list that the server has; until then there may be no room for it on this machine. */
    #canWait() {
        const { document, manuscript } = this.#state;
        return isHeavy(manuscript) && same(written(document).audience, manuscript.audience);
    }

    async #save() {
        const { document, manuscript: sent, conflict } = this.#state;
        if (conflict) return;
        if (!this.#isDirty()) {
            // Typed, and taken back before it was saved.
            this.#set({ error: undefined });
            return;
        }
        this.#unanswered.push(sent);
        this.#set({ saving: "saving" });
        this.#keep();
        try {
            const told = await this.#server.put(document.id, versionOf(document), sent);
            this.#accept(told, sent);
        } catch (error) {
            // Of what passes nobody knows whether it was done.
            if (!isPassing(error)) this.#unanswered = this.#unanswered.filter((manuscript) => manuscript !== sent);
            if (error instanceof Refused && error.status === 412) await this.#look(error);
            else this.#fail(error);
        }
    }

    #accept(document: BroadcastDocument, sent: Manuscript) {
        // The server may write it in other words; what nobody touched since is taken as it writes it.
        const { manuscript: mine } = this.#state;
        const told = written(document);
        const touched = (Object.keys(mine) as Field[]).filter((field) => mine[field] !== sent[field]);
        this.#failures = 0;
        this.#unanswered = [];
        this.#set({ document, manuscript: { ...told, ...pick(mine, touched) }, error: undefined });
        this.#keep();
        this.#server.told(document);
    }

    /** It was changed elsewhere: what was, and does it clash? */
    async #look(refusal: Refused) {
        try {
            this.#meet(await this.#server.get(this.#state.document.id), refusal);
            if (!this.#state.conflict) await this.#save();
        } catch (error) {
            this.#fail(error);
        }
    }

    #meet(document: BroadcastDocument, refusal?: Refused) {
        const { manuscript, theirs, clashes } = this.#merged(document);
        if (clashes.length > 0) {
            this.#set({ conflict: { document, fields: clashes }, error: refusal });
            clearTimeout(this.#timer);
            return;
        }
        this.#unanswered = [];
        const joined = theirs.length > 0 ? { document, fields: theirs } : this.#state.joined;
        this.#set({ document, manuscript, joined, conflict: undefined, error: undefined });
        this.#keep();
        this.#server.told(document);
    }

    #merged(document: BroadcastDocument) {
        const bases: [Manuscript, ...Manuscript[]] = [written(this.#state.document), ...this.#unanswered];
        return merge(bases, this.#state.manuscript, written(document));
    }

    #fail(error: unknown) {
        this.#set({ error });
        // A session that ended is taken up again by `retry`, once somebody has signed in.
        if (!isPassing(error)) return;
        this.#failures += 1;
        this.#schedule(Math.min(1000 * 2 ** this.#failures, PAUSE_MAX));
    }

    #schedule(pause: number) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.flush(), pause);
    }

    #keep() {
        const { document, manuscript } = this.#state;
        const fields = differing(written(document), manuscript);
        if (fields.length === 0) {
            keep.forget(document.id);
            return;
        }
        const bases = [written(document), ...this.#unanswered].map((base) => pick(base, fields));
        keep.write(document.id, { version: versionOf(document), mine: pick(manuscript, fields), bases });
    }

    /** Brings back what was kept on this machine. */
    #restore() {
        const { document, manuscript: theirs } = this.#state;
        const kept = keep.read(document.id);
        if (!kept || !document.possible.includes("change")) return;
        const fields = Object.keys(kept.mine) as Field[];
        const seen = (base: Partial<Manuscript>) => ({ ...theirs, ...pick(base, fields) });
        const [base = {}, ...sent] = kept.bases;
        const mine = { ...theirs, ...kept.mine };
        const { clashes } = merge([seen(base), ...sent.map(seen)], mine, theirs);
        this.#set({ manuscript: mine, isRestored: true });
        if (!this.#isDirty()) {
            this.#set({ isRestored: false });
            keep.forget(document.id);
        } else if (clashes.length > 0) this.#set({ conflict: { document, fields: clashes }, isRestored: false });
        else this.#schedule(QUIET);
    }

    #set(news: Partial<DeskState>) {
        const next = { ...this.#state, ...news };
        this.#state = next;
        next.saving = this.#told(news.saving === "saving");
        for (const listener of this.#listeners) listener();
    }

    #told(isSending: boolean): Saving {
        const { conflict, error, saving } = this.#state;
        if (conflict) return "conflict";
        if (!this.#isDirty()) return "saved";
        if (error && !isPassing(error) && !(error instanceof Refused && error.status === 401)) return "failed";
        if (isSending || (saving === "saving" && !error)) return "saving";
        return "unsaved";
    }
}
