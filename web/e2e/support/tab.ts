/** A tab within Teams: the page in a frame, and the side of Teams in what the two say to each other. */

import type { FrameLocator, Page } from "@playwright/test";
import type { Stentor } from "./stentor";

/** Where Teams is; nothing is asked of it, for the page there is ours. */
const TEAMS = "https://teams.microsoft.com";

/** Runs in the browser, in the page of Teams. */
function host({ tab, theme, locale, token }: { tab: string; theme: string; locale: string; token: string }) {
    const answers: Record<string, unknown[]> = {
        initialize: ["content", "web", JSON.stringify({ apiVersion: 4, supports: {} }), "2.0.0"],
        getContext: [{ theme, locale, hostClientType: "web", frameContext: "content", entityId: "stentor" }],
        "authentication.getAuthToken": token ? [true, token] : [false, "resourceDisabled"],
    };
    const said: string[] = [];
    Object.assign(window, { said });
    const frame = document.createElement("iframe");
    window.addEventListener("message", ({ data, source }) => {
        if (source !== frame.contentWindow) return;
        said.push(data.func);
        const args = answers[data.func];
        if (args) frame.contentWindow?.postMessage({ id: data.id, uuidAsString: data.uuidAsString, args }, "*");
    });
    frame.src = tab;
    frame.title = "Stentor";
    frame.style.cssText = "border: 0; width: 100%; height: 100%";
    document.body.append(frame);
}

type Wanted = { theme?: "default" | "dark" | "contrast"; locale?: string; token: string; path?: string };

/** Opens the tab, as Teams would. An empty token is one that Teams does not give. */
export async function openTab(page: Page, stentor: Stentor, wanted: Wanted): Promise<FrameLocator> {
    const { theme = "default", locale = "en-gb", token, path = "/broadcasts" } = wanted;
    await page.route(`${TEAMS}/**`, (route) =>
        route.fulfill({
            contentType: "text/html",
            body: "<!doctype html><html lang=en><title>Teams</title><style>html,body{margin:0;height:100%;overflow:hidden}</style><body>",
        }),
    );
    // A browser asks before it lets a page of the world into a network of its own, as this machine is one.
    await page.context().grantPermissions(["local-network-access"]);
    await page.goto(`${TEAMS}/v2/`);
    await page.evaluate(host, { tab: stentor.url + path, theme, locale, token });
    return page.frameLocator("iframe");
}

/** Somebody changes the theme of Teams. */
export const changeTheme = (page: Page, theme: "default" | "dark" | "contrast") =>
    page.evaluate((theme) => {
        const frame = document.querySelector("iframe");
        frame?.contentWindow?.postMessage({ func: "themeChange", args: [theme] }, "*");
    }, theme);
