import { choose, goTo, release, write } from "./support/authoring";
import { expectAccessibleInBothThemes } from "./support/axe";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

test("what goes to more than a hundred is released by a second person", async ({
    page,
    browser,
    baseURL,
    complaints,
}) => {
    test.setTimeout(120_000);
    await signIn(page, "Author");
    await write(page, { title: "Holidays for everybody", body: "The office is closed on **Friday**." });
    await goTo(page, "Audience");
    await choose(page, "every", "Everybody");
    await goTo(page, "Send");
    await expect(page.getByText(/What goes to more than 100 people, a second person reads/)).toBeVisible();
    await page.getByRole("button", { name: "Hand in for approval …" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
    await expect(page.getByRole("heading", { name: "Waits for approval" })).toBeVisible();
    await expect(page.getByRole("button", { name: /^Approve/ })).toHaveCount(0);

    const another = await browser.newContext({ baseURL });
    const second = await another.newPage();
    complaints.watch(second);
    await signIn(second, "Approver");
    await second.getByRole("tab", { name: "Waiting for approval" }).click();
    await second.getByRole("link", { name: "Holidays for everybody" }).click();
    await expect(second.getByText(/The office is closed on/).first()).toBeVisible();
    await expectAccessibleInBothThemes(second);

    await test.step("first it is given back, with the reason", async () => {
        await second.getByRole("button", { name: "Give back …" }).click();
        const question = second.getByRole("dialog");
        await question.getByRole("textbox", { name: /What should/ }).fill("Say which Friday.");
        await expectAccessibleInBothThemes(second);
        await question.getByRole("button", { name: "Give it back" }).click();
        await expect(question).toBeHidden();
        await page.reload();
        await expect(page.getByText(/sent it back: “Say which Friday.”/)).toBeVisible();
    });

    await test.step("then, corrected, it is approved and goes out", async () => {
        await goTo(page, "Words");
        await page.getByRole("textbox", { name: "Text", exact: true }).fill("Closed on **Friday, 1 May**.");
        await goTo(page, "Send");
        await page.getByRole("button", { name: "Hand in for approval …" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Hand in" }).click();
        await expect(page.getByRole("heading", { name: "Waits for approval" })).toBeVisible();
        await second.goto(page.url());
        await expect(second.getByText("Friday, 1 May").first()).toBeVisible();
        await second.getByRole("button", { name: "Approve …" }).click();
        const question = second.getByRole("dialog");
        const label = (await question.textContent())?.split("type how many people:")[1] ?? "";
        const count = /\d+/.exec(label)?.[0] ?? "";
        await question.getByRole("textbox", { name: /To confirm/ }).fill(count);
        await question.getByRole("button", { name: "Approve and send" }).click();
        await expect(second.getByRole("heading", { name: "How far it is" })).toBeVisible();
        await second.getByRole("button", { name: "Cancel" }).click();
        await second.getByRole("dialog").getByRole("button", { name: "Cancel the announcement" }).click();
        await expect(second.getByText(/Cancelled/).first()).toBeVisible({ timeout: 30_000 });
    });
    await another.close();
});

test("an announcement waits for its hour, and is cancelled before", async ({ page }) => {
    await signIn(page, "Author");
    await write(page, { title: "Summer party", body: "On the **lawn**." });
    await goTo(page, "Audience");
    await choose(page, "logi", "Logistics");
    await goTo(page, "Send");
    await page.getByRole("radio", { name: "At a time" }).check();
    const day = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
    await page.getByLabel("Day").fill(day);
    await page.getByLabel("Time", { exact: true }).fill("09:30");
    await expect(page.getByText(/in 20 days: .* at 09:30 in Paris/)).toBeVisible();
    await expectAccessibleInBothThemes(page);
    await release(page, /^Schedule for 41/, "41", "Schedule it");
    await expect(page.getByText(/^Starts .* in 20 days/)).toBeVisible();
    await expectAccessibleInBothThemes(page);

    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(page.getByText("It will not start. Nobody has got anything, and nobody will.")).toBeVisible();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the announcement" }).click();
    await expect(page.getByText("Cancelled", { exact: true }).first()).toBeVisible({ timeout: 20_000 });
});
