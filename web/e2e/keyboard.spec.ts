import { expectCounted } from "./support/authoring";
import { expectClosed, pick, press, tabBackTo, tabTo } from "./support/keyboard";
import { expect, test } from "./support/test";

test("an announcement is written, sent and looked into by the keyboard alone", async ({ page }) => {
    test.setTimeout(180_000);
    const { keyboard } = page;
    await page.goto("/broadcasts");
    await expect(page.getByRole("link", { name: "Sign in with Microsoft" })).toBeVisible();
    await press(page, "Sign in with Microsoft");
    await page.waitForURL(/authorize/);
    await press(page, /Łukasz/);
    await page.waitForURL("/broadcasts");
    await expect(page.getByRole("heading", { name: "Announcements", level: 1 })).toBeFocused();

    await press(page, /^New announcement|^Write the first announcement/);
    await expect(page.getByRole("textbox", { name: "Title" })).toBeVisible();
    await tabTo(page, "Title");
    await keyboard.type("By hand");
    await tabTo(page, "Text");
    await keyboard.type("Without a **mouse**.");
    await press(page, "Next: whom it is for");

    await expect(page.getByRole("combobox", { name: "Who gets it" })).toBeVisible();
    await tabTo(page, "Who gets it");
    await pick(page, "logi", "Logistics");
    await expectCounted(page, "41");
    await keyboard.press("Escape");

    await tabBackTo(page, /^Send/);
    await keyboard.press("Enter");
    await expect(page.getByRole("button", { name: /^Send to 41/, disabled: false })).toBeVisible();
    await press(page, /^Send to 41/);
    await expect(page.getByRole("textbox", { name: /To confirm/ })).toBeFocused();
    await keyboard.type("41");
    await press(page, "Send now");

    await expect(page.getByRole("heading", { name: "37 of 41 people were reached." })).toBeVisible({ timeout: 40_000 });
    await press(page, /^Show the 3 people of/);
    await expect(page.getByRole("table", { name: "People of this announcement" })).toBeVisible();
    await press(page, /^What was tried for/);
    await expect(page.getByRole("dialog")).toBeVisible();
    await keyboard.press("Escape");
    await expectClosed(page);
    await expect(page.locator(":focus")).toHaveAccessibleName(/^What was tried for/);
});
