import { arrange, expectCounted, expectDone } from "./support/authoring";
import { expectAccessible } from "./support/axe";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

test("with the colours that a device forces, every kind of page stays readable", async ({ page }) => {
    test.setTimeout(120_000);
    await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
    await signIn(page, "Admin");
    const audience = { expression: 'group "Logistics"' };
    await arrange(page, { title: "In forced colours", body: "It is **seen**.", audience }, "send");
    await expectDone(page);
    await expectAccessible(page);
    await page.getByRole("button", { name: /^Try again: A Teams policy/ }).click();
    await expect(page.getByText("3 people will be tried again.")).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await page.getByRole("tab", { name: "People" }).click();
    await page
        .getByRole("button", { name: /^What was tried for/ })
        .first()
        .click();
    await expect(page.getByRole("dialog").getByRole("listitem").first()).toBeVisible();
    await expectAccessible(page);

    await arrange(page, { title: "In forced colours", body: "It is **seen**.", audience });
    await expect(page.getByRole("region", { name: "Preview" }).getByText("seen")).toBeVisible();
    await expectAccessible(page);
    const address = page.url().replace(/\/words$/, "");
    await page.goto(`${address}/audience`);
    await expectCounted(page, "41");
    await expectAccessible(page);
    await page.goto(`${address}/send`);
    await expect(page.getByRole("button", { name: /^Send to 41/, disabled: false })).toBeVisible();
    await expectAccessible(page);

    await page.goto("/broadcasts");
    await expect(page.getByRole("row", { name: /In forced colours/ }).first()).toBeVisible();
    await expectAccessible(page);
    await page.goto("/administration/quotas");
    await expect(page.getByRole("row", { name: /Messages in chats and channels/ })).toBeVisible();
    await expectAccessible(page);
});
