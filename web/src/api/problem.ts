/** What the server answers when something goes wrong (RFC 9457), or that it did not answer. */

import type { components } from "./schema";

export type ProblemDocument = components["schemas"]["ProblemDocument"];
export type Fault = components["schemas"]["Fault"];

/** The server refused: `code` is stable, `faults` name the fields. */
export class Refused extends Error {
    readonly code: string;
    readonly status: number;
    readonly nextStep: string;
    readonly faults: Fault[];
    /** What the message is made of. */
    readonly sentences: string[];

    constructor(document: ProblemDocument) {
        const sentences = [document.title, document.detail].filter((text) => typeof text === "string" && text !== "");
        super(sentences.join(" "));
        this.sentences = sentences as string[];
        this.code = document.code;
        this.status = document.status;
        this.nextStep = document.next_step;
        this.faults = document.faults ?? [];
    }
}

/** Nobody answered: the network, a proxy, or a server that is being restarted. What was asked may have been done. */
export class Unreachable extends Error {}

/** Teams, within which the page stands, does not prove who is there. */
export class Unproven extends Error {}

/** Whether asking again, unchanged, may help. */
export function isPassing(error: unknown): boolean {
    return (
        error instanceof Unreachable || (error instanceof Refused && [408, 429, 502, 503, 504].includes(error.status))
    );
}

/** What `response`, which is no success, says. A proxy's page is no problem document. */
export function refusal(response: Response, body: unknown): Refused | Unreachable {
    if (body !== null && typeof body === "object" && "code" in body) return new Refused(body as ProblemDocument);
    if (response.status >= 502 && response.status <= 504) return new Unreachable(`${response.status}`);
    return new Refused({
        type: "about:blank",
        code: "unknown",
        status: response.status,
        title: response.statusText,
        next_step: "",
    });
}
