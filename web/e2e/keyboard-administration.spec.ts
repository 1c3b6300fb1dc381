import { keepAudience } from "./support/authoring";
import { expectAccessible, expectAccessibleInBothThemes } from "./support/axe";
import { arrowTo, expectClosed, expectFocus, expectKept, press, tabBackTo, tabTo } from "./support/keyboard";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

test("an administrator goes through the administration by the keyboard alone", async ({ page }) => {
    test.setTimeout(120_000);
    const { keyboard } = page;
    await signIn(page, "Admin");
    await keepAudience(page, "France", 'country = "France"');
    await keepAudience(page, "Italy", 'country = "Italy"');
    await press(page, "Administration");
    await expect(page.getByRole("heading", { name: "Administration", level: 1 })).toBeFocused();
    const go = async (from: string, to: string) => {
        await tabBackTo(page, from);
        await arrowTo(page, "ArrowRight", to);
        await keyboard.press("Enter");
        await expect(page.getByRole("tab", { name: to, selected: true })).toBeFocused();
    };

    await test.step("everything is examined", async () => {
        await press(page, /^Examine (now|again)/);
        await expectFocus(page, /^Examine (now|again)/);
        await expect(page.getByText(/is as it should be\.|needs? a look\./)).toBeVisible({ timeout: 30_000 });
        await press(page, /things are as they should be/);
        await expect(page.getByText("The bot is registered and allowed")).toBeVisible();
        await expectKept(page);
    });

    await test.step("the directory is read", async () => {
        await go("Health", "Directory");
        await press(page, "Read now");
        await expect(page.getByRole("status")).toContainText("named", { timeout: 20_000 });
        await expectFocus(page, "Read now");
    });

    await test.step("the audit is narrowed down, and a deed is looked into", async () => {
        await go("Directory", "Audit");
        await press(page, /^\d+ changes?/);
        await expect(page.getByRole("dialog")).toBeVisible();
        await keyboard.press("Escape");
        await expectClosed(page);
        await expectFocus(page, /^\d+ changes?/);
        await tabBackTo(page, "On what");
        await keyboard.type("nothing of this name");
        await expect(page.getByRole("heading", { name: "Nothing was done yet that fits" })).toBeVisible();
        await press(page, "Show everything");
        await expect(page.getByRole("row", { name: /Had the directory read/ }).first()).toBeVisible();
        await expectKept(page);
    });

    await test.step("a saved audience is deleted, and the next one takes the focus", async () => {
        await go("Audit", "Saved audiences");
        await press(page, "Delete “France”");
        await expectFocus(page, "Cancel");
        await press(page, "Delete");
        await expect(page.getByRole("button", { name: "Delete “France”" })).toHaveCount(0);
        await expectClosed(page);
        await expectFocus(page, "Delete “Italy”");
        await keyboard.press("Enter");
        await expectFocus(page, "Cancel");
        await press(page, "Delete");
        await expect(page.getByRole("button", { name: "Delete “Italy”" })).toHaveCount(0);
        await expectClosed(page);
        await expectAccessibleInBothThemes(page);
    });
});

test("the list is searched, language and appearance are changed, and somebody signs out by the keyboard alone", async ({
    page,
    complaints,
}) => {
    test.setTimeout(120_000);
    complaints.tolerate(/broadcasts\/\S+ .*40[04]/);
    const { keyboard } = page;
    await signIn(page, "Author", "/broadcasts/00000000-0000-0000-0000-000000000000");
    await expect(page.getByRole("heading", { name: "There is nothing here", level: 1 })).toBeFocused();
    await expectAccessibleInBothThemes(page);
    await press(page, "To all announcements");
    await expect(page.getByRole("heading", { name: "Announcements", level: 1 })).toBeFocused();

    await test.step("language and appearance", async () => {
        await press(page, /^Your account/);
        await expect(page.getByRole("menu")).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await arrowTo(page, "ArrowDown", "Français");
        await keyboard.press("Enter");
        await expect(page.locator("html")).toHaveAttribute("lang", "fr");
        await keyboard.press("Escape");
        await expectFocus(page, /^Votre compte/);
        await keyboard.press("Enter");
        await expect(page.getByRole("menu")).toBeVisible();
        await arrowTo(page, "ArrowDown", "Contraste élevé");
        await keyboard.press("Enter");
        await keyboard.press("Escape");
        await expectFocus(page, /^Votre compte/);
        await expectAccessible(page);
    });

    await test.step("signed out", async () => {
        await keyboard.press("Enter");
        await expect(page.getByRole("menu")).toBeVisible();
        await arrowTo(page, "ArrowUp", "Se déconnecter");
        await keyboard.press("Enter");
        await expect(page.getByRole("link", { name: "Se connecter avec Microsoft" })).toBeVisible();
        await tabTo(page, "Se connecter avec Microsoft");
    });
});
