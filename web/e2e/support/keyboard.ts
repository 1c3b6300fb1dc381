/** Somebody who has a keyboard, and nothing else. */

import { expect, type Page } from "@playwright/test";

/** What a screen reader calls what has the focus; nothing when nothing has it, or when it went away just now. */
async function nameInFocus(page: Page): Promise<string> {
    const focused = page.locator(":focus");
    if ((await focused.count()) === 0) return "";
    const told = await focused.ariaSnapshot({ timeout: 1_000 }).catch(() => "");
    const [, quoted = ""] = /^- '?\w+ "((?:[^"\\]|\\.)*)"/.exec(told) ?? [];
    return quoted.replaceAll("''", "'").replaceAll('\\"', '"');
}

async function goTo(page: Page, key: "Tab" | "Shift+Tab", name: string | RegExp, most: number) {
    const heard: string[] = [];
    for (let step = 0; step < most; step += 1) {
        await page.keyboard.press(key);
        const now = await nameInFocus(page);
        heard.push(now);
        if (typeof name === "string" ? now !== name : !name.test(now)) continue;
        await expect(page.locator(":focus"), `${name} is seen when it has the focus`).toBeInViewport();
        return;
    }
    throw new Error(`the focus never came to ${name}, but to ${heard.join(" | ")}`);
}

/** Goes on with Tab until the focus is on what is called so; whoever gets lost on the way has found a defect. */
export const tabTo = (page: Page, name: string | RegExp, most = 60) => goTo(page, "Tab", name, most);
export const tabBackTo = (page: Page, name: string | RegExp, most = 60) => goTo(page, "Shift+Tab", name, most);

/** Goes there and presses it. */
export async function press(page: Page, name: string | RegExp, key: "Enter" | "Space" = "Enter") {
    await tabTo(page, name);
    await page.keyboard.press(key);
}

/** Goes on with an arrow until what is called so has the focus: in menus, tabs, toolbars and choices. */
export async function arrowTo(page: Page, arrow: "ArrowDown" | "ArrowUp" | "ArrowRight", name: string | RegExp) {
    const heard: string[] = [];
    for (let step = 0; step < 15; step += 1) {
        const now = await nameInFocus(page);
        heard.push(now);
        if (typeof name === "string" ? now === name : name.test(now)) return;
        await page.keyboard.press(arrow);
    }
    throw new Error(`the arrows never came to ${name}, but to ${heard.join(" | ")}`);
}

/** Opens the menu that has the focus, and takes what is called so. */
export async function take(page: Page, name: string | RegExp) {
    await page.keyboard.press("Enter");
    await expect(page.getByRole("menu")).toBeVisible();
    await arrowTo(page, "ArrowDown", name);
    await page.keyboard.press("Enter");
}

/** Types into the search that has the focus, and takes what the list offers under this name. */
export async function pick(page: Page, typed: string, name: string | RegExp) {
    await page.keyboard.type(typed);
    const option = page.getByRole("option", { name, exact: true }).first();
    await expect(option).toBeVisible();
    const active = () => page.locator(":focus").getAttribute("aria-activedescendant");
    const isActive = async () => (await active()) === (await option.getAttribute("id"));
    // What is found comes in waves, and each may move what is active.
    for (let step = 0; step < 12 && !(await isActive()); step += 1) {
        const before = await active();
        await page.keyboard.press("ArrowDown");
        await expect
            .poll(active, { timeout: 500, intervals: [20, 50, 100] })
            .not.toBe(before)
            .catch(() => {});
    }
    await expect.poll(isActive, { message: `${name} is active` }).toBe(true);
    await page.keyboard.press("Enter");
}

/** It is where a reader expects it to be. */
export async function expectFocus(page: Page, name: string | RegExp) {
    const matches = (heard: string) => (typeof name === "string" ? heard === name : name.test(heard));
    await expect
        .poll(async () => (matches(await nameInFocus(page)) ? name : await nameInFocus(page)), {
            message: `the focus is on ${name}`,
        })
        .toBe(name);
}

/** The dialog is gone, and the focus is on something that is there. */
export async function expectClosed(page: Page) {
    await expect(page.getByRole("dialog").or(page.getByRole("alertdialog"))).toHaveCount(0);
    await expectKept(page);
}

/** Nobody has to begin anew at the top of the page. */
export async function expectKept(page: Page) {
    await expect
        .poll(() => page.evaluate(() => document.activeElement?.tagName), { message: "the focus is on something" })
        .not.toBe("BODY");
}
