import { changeTheme, openTab } from "./support/tab";
import { expect, test } from "./support/test";

// The library of Teams asks its maker which hosts it may trust, and goes by its own list when it may not ask.
const ASKS_ITS_MAKER = /res\.cdn\.office\.net/;

test.beforeEach(({ complaints }) => complaints.tolerate(ASKS_ITS_MAKER));

test("a tab in Teams has its theme, its language and its sign-in", async ({ page, stentor }) => {
    const token = await stentor.teamsToken("Author");
    const tab = await openTab(page, stentor, { theme: "dark", locale: "fr-fr", token });

    await expect(tab.getByRole("heading", { name: "Annonces", level: 1 })).toBeVisible();
    await expect(tab.getByRole("button", { name: /^(Nouvelle|Écrire la première) annonce/ })).toBeVisible();
    // Teams shows the name of the app, and signs people out.
    await expect(tab.getByText("Stentor", { exact: true })).toHaveCount(0);
    await tab.getByRole("button", { name: /^Votre compte/ }).click();
    await expect(tab.getByRole("menuitemradio", { name: "Français" })).toBeVisible();
    await expect(tab.getByRole("menuitem", { name: "Se déconnecter" })).toHaveCount(0);
    await page.keyboard.press("Escape");

    const ground = () => tab.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
    const dark = await ground();
    await changeTheme(page, "default");
    await expect.poll(ground).not.toBe(dark);
    await changeTheme(page, "contrast");
    await expect.poll(ground).toBe("rgb(0, 0, 0)");

    // What changes something is proved by the token, too.
    await tab.getByRole("button", { name: /^(Nouvelle|Écrire la première) annonce/ }).click();
    await expect(tab.getByRole("textbox", { name: "Titre" })).toBeFocused();
    await page.keyboard.type("Depuis Teams");
    await expect(tab.getByText("Enregistré", { exact: true })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollHeight <= window.innerHeight)).toBe(true);
    expect(await page.context().cookies(stentor.url)).toEqual([]);
});

test("when Teams does not say who is there, the tab says so, and leads out", async ({ page, stentor }) => {
    const tab = await openTab(page, stentor, { token: "" });
    await expect(tab.getByRole("heading", { name: "Teams could not sign you in here" })).toBeVisible();
    await expect(tab.getByText("resourceDisabled")).toBeVisible();
    await expect(tab.getByRole("link", { name: "Open in the browser" })).toHaveAttribute("target", "_blank");
    await expect(tab.getByRole("button", { name: "Try again" })).toBeVisible();
});
