import type { Page } from "@playwright/test";
import { expectCounted } from "./support/authoring";
import { expect, test } from "./support/test";

/** Goes on with Tab until the focus is on what is called so; whoever gets lost on the way has found a defect. */
async function tabTo(page: Page, name: string | RegExp, most = 60) {
    for (let step = 0; step < most; step += 1) {
        await page.keyboard.press("Tab");
        const heard = await nameInFocus(page);
        if (typeof name === "string" ? heard === name : name.test(heard)) return;
    }
    throw new Error(`the focus never came to ${name}`);
}

/** What a screen reader calls what has the focus; nothing when nothing has it, or when it went away just now. */
async function nameInFocus(page: Page): Promise<string> {
    const focused = page.locator(":focus");
    if ((await focused.count()) === 0) return "";
    const told = await focused.ariaSnapshot({ timeout: 1_000 }).catch(() => "");
    return /^- ("?')?\w+ "(?<name>(?:[^"\\]|\\.)*)"/.exec(told)?.groups?.name ?? "";
}

test("an announcement is written, sent and looked into by the keyboard alone", async ({ page }) => {
    test.setTimeout(180_000);
    const { keyboard } = page;
    await page.goto("/broadcasts");
    await expect(page.getByRole("link", { name: "Sign in with Microsoft" })).toBeVisible();
    await tabTo(page, "Sign in with Microsoft");
    await keyboard.press("Enter");
    await page.waitForURL(/authorize/);
    await tabTo(page, /Łukasz/);
    await keyboard.press("Enter");
    await page.waitForURL("/broadcasts");
    await expect(page.getByRole("heading", { name: "Announcements", level: 1 })).toBeFocused();

    await tabTo(page, /^New announcement|^Write the first announcement/);
    await keyboard.press("Enter");
    await expect(page.getByRole("textbox", { name: "Title" })).toBeVisible();
    await tabTo(page, "Title");
    await keyboard.type("By hand");
    await tabTo(page, "Text");
    await keyboard.type("Without a **mouse**.");
    await tabTo(page, "Next: whom it is for");
    await keyboard.press("Enter");

    await expect(page.getByRole("combobox", { name: "Who gets it" })).toBeVisible();
    await tabTo(page, "Who gets it");
    await keyboard.type("logi");
    const option = page.getByRole("option", { name: "Logistics", exact: true });
    await expect(option).toBeVisible();
    for (let step = 0; step < 10 && !(await isActive(page, "Logistics")); step += 1) await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await expectCounted(page, "41");
    await keyboard.press("Escape");

    await tabBackTo(page, "Send");
    await keyboard.press("Enter");
    await expect(page.getByRole("button", { name: /^Send to 41/ })).toBeVisible();
    await tabTo(page, /^Send to 41/);
    await keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeVisible();
    await tabTo(page, /To confirm/, 5).catch(() => undefined);
    await keyboard.type("41");
    await tabTo(page, "Send now", 5);
    await keyboard.press("Enter");

    await expect(page.getByRole("heading", { name: "37 of 41 people were reached." })).toBeVisible({ timeout: 40_000 });
    await tabTo(page, /^Show the 3 people of/);
    await keyboard.press("Enter");
    await expect(page.getByRole("table", { name: "People of this announcement" })).toBeVisible();
    await tabTo(page, /^What was tried for/);
    await keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeVisible();
    await keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toBeHidden();
});

async function isActive(page: Page, name: string): Promise<boolean> {
    const id = await page.locator(":focus").getAttribute("aria-activedescendant");
    return id !== null && (await page.locator(`[id="${id}"]`).textContent())?.trim().startsWith(name) === true;
}

async function tabBackTo(page: Page, name: string, most = 40) {
    for (let step = 0; step < most; step += 1) {
        await page.keyboard.press("Shift+Tab");
        if ((await nameInFocus(page)).startsWith(name)) return;
    }
    throw new Error(`the focus never came back to ${name}`);
}
