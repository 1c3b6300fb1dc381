/**
 * The one way to the server: typed by its own document, proved by a cookie or, within Teams, by a token.
 *
 * Whoever calls gets data, or an error of `problem.ts` is thrown. What everybody must know of an answer, that nobody is
 * signed in any more or that nobody answers, is told to `standing.ts`.
 */

import createClient, { type Middleware } from "openapi-fetch";
import { refusal, Unreachable } from "./problem";
import type { paths } from "./schema";
import { standing } from "./standing";

/** How long an answer may take before we call it lost, in milliseconds: a little more than the server gives itself. */
const PATIENCE = 45_000;

let csrf: string | undefined;
let token: (() => Promise<string>) | undefined;

/** What proves that a change comes from this page; `GET /api/v1/me` tells it. */
export function proveBy(value: string | undefined) {
    csrf = value;
}

/** Where tokens come from within Teams, which keeps no cookie in its frame. */
export function proveByTokens(source: () => Promise<string>) {
    token = source;
}

const proof: Middleware = {
    async onRequest({ request }) {
        if (token) request.headers.set("Authorization", `Bearer ${await token()}`);
        else if (csrf && request.method !== "GET") request.headers.set("X-CSRF-Token", csrf);
        return request;
    },
};

/** `fetch` that tells `standing` whether anybody is there; streams use it, too. */
export async function ask(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    let response: Response;
    try {
        response = await fetch(input, init);
    } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        standing.lost();
        throw new Unreachable(String(error));
    }
    if (response.status === 401) standing.unknown();
    else if (response.status === 502 || response.status === 504) standing.lost();
    else standing.found();
    return response;
}

function patient(request: Request, patience = PATIENCE): Promise<Response> {
    return ask(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(patience)]) });
}

/** How slow a line may be on which something large is sent, in bytes a millisecond. */
const SLOWEST = 20;

/** For what has so many bytes to send that they alone may take longer than an answer. */
export const sending = (bytes: number) => ({
    fetch: (request: Request) => patient(request, PATIENCE + bytes / SLOWEST),
});

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: (request) => patient(request) });
api.use(proof);

/** The headers that prove who asks, for what `api` cannot ask: streams. */
export async function proofs(): Promise<Record<string, string>> {
    return token ? { Authorization: `Bearer ${await token()}` } : {};
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer; throws `Refused` or `Unreachable`. */
export async function data<T>(asked: Promise<Answer<T>>): Promise<T> {
    const { data, error, response } = await asked;
    if (!response.ok) throw refusal(response, error);
    return data as T;
}

/**
 * The name of one intention: sent again with it, what was done already is not done again. Make one when somebody decides
 * (opens a dialog, presses a button), and keep it until the answer has come.
 */
export function intention(): string {
    return crypto.randomUUID();
}
