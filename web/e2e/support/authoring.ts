/** What an author does again and again, in the words that stand on the page. */

import { expect, type Page } from "@playwright/test";

/** A new draft with these words, saved. */
export async function write(page: Page, { title, body }: { title: string; body: string }) {
    await page.getByRole("button", { name: /^New announcement|^Write the first announcement/ }).click();
    await page.getByRole("textbox", { name: "Title" }).fill(title);
    await page.getByRole("textbox", { name: "Text", exact: true }).fill(body);
    await expectSaved(page);
}

/** Has the page ask the server for something by itself, as a program would. */
async function ask(page: Page, method: string, path: string, body?: object) {
    return await page.evaluate(
        async ({ method, path, body }) => {
            const { session } = await (await fetch("/api/v1/me")).json();
            const headers = { "Content-Type": "application/json", "X-CSRF-Token": session.csrf_token };
            const answer = await fetch(`/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
            if (!answer.ok) throw new Error(await answer.text());
            return answer.status === 204 ? undefined : await answer.json();
        },
        { method, path, body },
    );
}

/** A draft, or with `send` an announcement, without any work on the page; ends on its own. */
export async function arrange(page: Page, manuscript: object, then?: "send") {
    const { id } = await ask(page, "POST", `broadcasts${then ? `?then=${then}` : ""}`, manuscript);
    await page.goto(`/broadcasts/${id}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
}

/** An audience that has a name already. */
export const keepAudience = (page: Page, name: string, expression: string) =>
    ask(page, "PUT", `audiences/${name}`, { expression });
export const forgetAudience = (page: Page, name: string) => ask(page, "DELETE", `audiences/${name}`);

export async function expectSaved(page: Page, timeout = 10_000) {
    await expect(page.getByText("Saved", { exact: true })).toBeVisible({ timeout });
}

/** The steps of a draft. */
export async function goTo(page: Page, step: "Words" | "Audience" | "Send") {
    await page.getByRole("navigation", { name: "Steps" }).getByRole("link", { name: step }).click();
    await expect(page).toHaveURL(new RegExp(`/${step.toLowerCase()}$`));
}

/** Whom it is for, by typing and taking from the list. */
export async function choose(page: Page, typed: string, option: string) {
    await page.getByRole("combobox", { name: "Who gets it" }).pressSequentially(typed);
    await page.getByRole("option", { name: option, exact: true }).click();
}

/** How many people that is, once it has been counted. */
export async function expectCounted(page: Page, count: string) {
    const panel = page.getByRole("region", { name: "How many people that is" });
    await expect(panel.getByRole("status")).toHaveText(new RegExp(`^${count} ?(person|people) would get it now`));
}

/** Opens the last question, and answers it by the number of people. */
export async function release(page: Page, button: RegExp, count: string, answer: string) {
    await page.getByRole("button", { name: button }).click();
    const question = page.getByRole("dialog");
    await question.getByRole("textbox", { name: /To confirm/ }).fill(count);
    await question.getByRole("button", { name: answer }).click();
    await expect(question).toBeHidden();
}

/** An announcement to the 41 people of Logistics, sent; ends on its own page. */
export async function sendToLogistics(page: Page, title: string) {
    await write(page, { title, body: "The back door is repaired on **Monday**." });
    await goTo(page, "Audience");
    await choose(page, "logi", "Logistics");
    await expectCounted(page, "41");
    await goTo(page, "Send");
    await release(page, /^Send to 41/, "41", "Send now");
}

/** It is over, and 37 of 41 have it. */
export async function expectDone(page: Page) {
    await expect(page.getByRole("heading", { name: "37 of 41 people were reached." })).toBeVisible({ timeout: 40_000 });
}
