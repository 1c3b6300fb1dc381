/** What every test has: Stentor running, and a page that may not complain. */

import { test as base, type ConsoleMessage, expect, type Page } from "@playwright/test";
import { type House, Stentor } from "./stentor";

/**
 * An organisation of which one group, Logistics, has 41 people, four of whom cannot be reached. What goes to more than a
 * hundred needs a second person.
 */
const ORGANISATION: House = { people: 400, settings: { STENTOR__RIGHTS__APPROVE_ABOVE: "100" } };

/** Before anybody has signed in, the page asks who it is, and the browser notes the answer. */
const NOBODY_YET = /\/api\/v1\/me .*401/;

/** What the console has complained of. */
class Complaints {
    private readonly heard: string[] = [];
    private readonly tolerated = [NOBODY_YET];

    constructor(private readonly origin: string) {}

    /** Listens to a page; to those that a test opens itself only when asked. */
    watch(page: Page) {
        page.on("console", (message) => this.hear(message));
        page.on("pageerror", (error) => void this.heard.push(`error: ${error.stack ?? error.message}`));
    }

    /** Lets pass what the test itself brings about. */
    tolerate(complaint: RegExp) {
        this.tolerated.push(complaint);
    }

    left() {
        return this.heard.filter((complaint) => !this.tolerated.some((tolerated) => tolerated.test(complaint)));
    }

    private hear(message: ConsoleMessage) {
        const { url } = message.location();
        // The simulated account page is not ours.
        if (message.type() === "error" && (url === "" || url.startsWith(this.origin)))
            this.heard.push(`${url} ${message.text()}`);
    }
}

export const test = base.extend<{ complaints: Complaints }, { house: House; stentor: Stentor }>({
    house: [ORGANISATION, { scope: "worker", option: true }],
    stentor: [
        async ({ house }, use) => {
            const stentor = await Stentor.start(house);
            await use(stentor);
            await stentor.stop();
        },
        { scope: "worker", timeout: 120_000 },
    ],
    baseURL: ({ stentor }, use) => use(stentor.url),
    complaints: async ({ stentor }, use) => {
        const complaints = new Complaints(stentor.url);
        await use(complaints);
        expect(complaints.left(), "the console is silent").toEqual([]);
    },
    page: async ({ page, complaints }, use) => {
        complaints.watch(page);
        await use(page);
    },
});

export { expect };
