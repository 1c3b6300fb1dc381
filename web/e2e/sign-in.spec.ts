import { expectAccessibleInBothThemes } from "./support/axe";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

test("whoever comes by reads what this is, and how to sign in", async ({ page }) => {
    await page.goto("/");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Announcements for everybody in Teams");
    await expect(page.getByRole("link", { name: "Sign in with Microsoft" })).toBeVisible();
    await expectAccessibleInBothThemes(page);
});

test("signing in leads back to where somebody wanted to go", async ({ page }) => {
    await signIn(page, "Admin", "/administration");
    await expect(page).toHaveURL("/administration");
});

test("the account's menu changes language and appearance, and both last", async ({ page }) => {
    await signIn(page, "Author");
    await page.getByRole("button", { name: /Your account: Łukasz/ }).click();
    await page.getByRole("menuitemradio", { name: "Français" }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", "fr");
    await expect(page.getByRole("link", { name: "Annonces" })).toBeVisible();

    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /Votre compte/ }).click();
    const paper = () => page.locator("body > #root > div").evaluate((body) => getComputedStyle(body).backgroundColor);
    const light = await paper();
    await page.getByRole("menuitemradio", { name: "Sombre" }).click();
    await expect.poll(paper).not.toBe(light);
    const dark = await paper();

    await page.reload();
    await expect(page.getByRole("link", { name: "Annonces" })).toBeVisible();
    expect(await paper()).toBe(dark);
});

test("whoever signs out is asked to sign in, and sees nothing more", async ({ page }) => {
    await signIn(page, "Author");
    await page.getByRole("button", { name: /Your account/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await expect(page.getByRole("link", { name: "Sign in with Microsoft" })).toBeVisible();
    await page.goto("/broadcasts");
    await expect(page.getByRole("link", { name: "Sign in with Microsoft" })).toBeVisible();
});
