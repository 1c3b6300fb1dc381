import type { Page, Request } from "@playwright/test";
import { expectDone, goTo, sendToLogistics, write } from "./support/authoring";
import { expectAccessibleInBothThemes } from "./support/axe";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

/** What is being asked and has not been answered; streams never end. */
function askedOf(page: Page): Set<Request> {
    const asked = new Set<Request>();
    page.on("request", (request) => request.url().endsWith("/events") || asked.add(request));
    for (const over of ["requestfinished", "requestfailed"] as const)
        page.on(over as "requestfinished", (request: Request) => void asked.delete(request));
    return asked;
}

/** Whatever is wider than the window has to be scrolled for, line by line. */
async function expectNarrow(page: Page, asked: Set<Request>) {
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect.poll(() => asked.size).toBe(0);
    const wide = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        if (scrollWidth <= clientWidth) return [];
        const all = [...document.querySelectorAll("#root *")];
        const out = all.filter((element) => element.getBoundingClientRect().right > clientWidth + 1);
        return out.map((element) => `${element.tagName} ${element.className} ${element.textContent?.slice(0, 40)}`);
    });
    expect.soft(wide.slice(-3), `nothing is wider than the window at ${page.url()}`).toEqual([]);
}

test("every page fits a window of 320 pixels, in both languages", async ({ page }) => {
    test.setTimeout(180_000);
    await signIn(page, "Admin");
    await write(page, { title: "Narrow but readable", body: "A draft." });
    const draft = page.url().replace(/\/words$/, "");
    await page.goto("/broadcasts");
    await sendToLogistics(page, "Narrow and sent");
    await expectDone(page);
    const sent = page.url();
    await page.setViewportSize({ width: 320, height: 640 });
    const parts = ["health", "directory", "quotas", "workers", "audit", "audiences"];
    const pages = [
        "/broadcasts",
        ...["words", "audience", "send"].map((step) => `${draft}/${step}`),
        ...["", "/people", "/said"].map((part) => `${sent}${part}`),
        ...parts.map((part) => `/administration/${part}`),
    ];
    const asked = askedOf(page);
    for (const language of ["en", "fr"]) {
        await page.evaluate((language) => localStorage.setItem("stentor.language", language), language);
        for (const address of pages) {
            await page.goto(address);
            await expectNarrow(page, asked);
        }
    }
});

test("a reader sees everything, and no button that changes anything", async ({
    page,
    browser,
    baseURL,
    complaints,
}) => {
    test.setTimeout(120_000);
    await signIn(page, "Author");
    await write(page, { title: "Still being written", body: "A draft." });
    const draft = page.url();
    await page.goto("/broadcasts");
    await sendToLogistics(page, "Seen by a reader");
    await expectDone(page);
    const sent = page.url();

    const theirs = await browser.newContext({ baseURL });
    const reader = await theirs.newPage();
    complaints.watch(reader);
    await signIn(reader, "Reader");
    await expect(reader.getByRole("row", { name: /Seen by a reader/ })).toBeVisible();
    await expect(reader.getByRole("button", { name: /announcement/ })).toHaveCount(0);

    await reader.goto(sent);
    await expect(reader.getByRole("heading", { name: "37 of 41 people were reached." })).toBeVisible();
    for (const name of [/Try/, /Pause/, /^Cancel/, /Correct/, /Take back/, /draft/])
        await expect(reader.getByRole("button", { name })).toHaveCount(0);
    await expectAccessibleInBothThemes(reader);

    await reader.goto(draft);
    await expect(reader.getByText(/You can read this draft/)).toBeVisible();
    await expect(reader.getByRole("textbox")).toHaveCount(0);
    await expectAccessibleInBothThemes(reader);
    await goTo(reader, "Audience");
    await expectAccessibleInBothThemes(reader);
    await goTo(reader, "Send");
    await expect(reader.getByRole("button", { name: /^Send|^Hand in|^Schedule/ })).toHaveCount(0);
    await expectAccessibleInBothThemes(reader);
    await theirs.close();
});
