import { expectAccessibleInBothThemes } from "./support/axe";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

test("an administrator has everything examined, and reads what was found", async ({ page }) => {
    await signIn(page, "Admin", "/administration");
    await page.getByRole("button", { name: "Examine now" }).click();
    await expect(page.getByText(/is as it should be\.|needs? a look\./)).toBeVisible({ timeout: 30_000 });
    await page.getByRole("button", { name: /things are as they should be/ }).click();
    await expect(page.getByText("The bot is registered and allowed")).toBeVisible();
    await expectAccessibleInBothThemes(page);
});

test("an administrator has the directory read, and sees how many people are known", async ({ page }) => {
    await signIn(page, "Admin", "/administration/directory");
    await expect(page.getByRole("definition").first()).toHaveText("400");
    await page.getByRole("button", { name: "Read everything anew" }).click();
    await expect(page.getByRole("status")).toContainText("400 named", { timeout: 20_000 });
    await expectAccessibleInBothThemes(page);
});

test("quotas and workers are told in plain words", async ({ page }) => {
    await signIn(page, "Admin", "/administration");
    await page.getByRole("tab", { name: "Quotas" }).click();
    await expect(page.getByRole("row", { name: /Messages in chats and channels.*50 a second/ })).toBeVisible();
    await expectAccessibleInBothThemes(page);
    await page.getByRole("tab", { name: "Workers" }).click();
    await expect(page).toHaveURL("/administration/workers");
    await expect(page.getByRole("row", { name: /Alive and ready|Holds the organisation/ })).toBeVisible();
    await expectAccessibleInBothThemes(page);
});

test("the audit tells who did what, and can be narrowed down", async ({ page }) => {
    await signIn(page, "Admin", "/administration/directory");
    await page.getByRole("button", { name: "Read now" }).click();
    await expect(page.getByRole("status")).toContainText("named", { timeout: 20_000 });
    await page.getByRole("tab", { name: "Audit" }).click();
    const deed = page.getByRole("row", { name: /Had the directory read Deepa Chatterjee/ }).first();
    await expect(deed).toBeVisible();
    await deed.getByRole("button", { name: /change/ }).click();
    await expect(page.getByRole("dialog")).toContainText("began");
    await expectAccessibleInBothThemes(page);
    await page.getByRole("button", { name: "Close" }).click();

    await page.getByRole("combobox", { name: "Who" }).click();
    await page.getByRole("option", { name: "Deepa Chatterjee" }).click();
    await expect(deed).toBeVisible();
    await page.getByRole("searchbox", { name: "On what" }).fill("nothing of this name");
    await expect(page.getByRole("heading", { name: "Nothing was done yet that fits" })).toBeVisible();
    await expectAccessibleInBothThemes(page);
    await page.getByRole("button", { name: "Show everything" }).click();
    await expect(deed).toBeVisible();
});

test("a saved audience is deleted after a question", async ({ page }) => {
    await signIn(page, "Admin", "/administration/audiences");
    await expect(page.getByRole("heading", { name: "No audience is saved yet" })).toBeVisible();
    await page.evaluate(async () => {
        const { session } = await (await fetch("/api/v1/me")).json();
        await fetch("/api/v1/audiences/France", {
            method: "PUT",
            headers: { "Content-Type": "application/json", "X-CSRF-Token": session.csrf_token },
            body: JSON.stringify({ expression: 'country = "France"' }),
        });
    });
    await page.reload();
    await expect(page.getByRole("row", { name: /France/ })).toBeVisible();
    await expectAccessibleInBothThemes(page);
    await page.getByRole("button", { name: "Delete “France”" }).click();
    const question = page.getByRole("dialog", { name: "Delete the audience “France”?" });
    await expect(question).toBeVisible();
    await expectAccessibleInBothThemes(page);
    await question.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByText("“France” was deleted.").last()).toBeVisible();
    await expect(page.getByRole("heading", { name: "No audience is saved yet" })).toBeVisible();
});

test("whoever is no administrator is told so", async ({ page }) => {
    await signIn(page, "Reader", "/administration");
    await expect(page.getByRole("heading", { name: "Your role does not let you see this" })).toBeVisible();
    await expect(page.getByRole("link", { name: "Administration" })).toHaveCount(0);
    await expectAccessibleInBothThemes(page);
});
