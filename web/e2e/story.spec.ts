import { readFile } from "node:fs/promises";
import { choose, expectCounted, expectDone, expectSaved, goTo, release, write } from "./support/authoring";
import { expectAccessibleInBothThemes } from "./support/axe";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

test("an author announces something to a group, finds who was missed and why, and tries them again", async ({
    page,
}) => {
    test.setTimeout(180_000);
    await signIn(page, "Author");
    await expectAccessibleInBothThemes(page);

    await test.step("the words, with a picture and a button, and the card beside them", async () => {
        await write(page, { title: "The new canteen", body: "It opens on **Monday**.\n\nCome and see." });
        const clip = { x: 0, y: 0, width: 320, height: 180 };
        const picture = { name: "canteen.png", mimeType: "image/png", buffer: await page.screenshot({ clip }) };
        await page.locator("input[type=file]").setInputFiles(picture);
        await page.getByRole("textbox", { name: /What does it show/ }).fill("The canteen, seen from the door");
        await page.getByRole("button", { name: "Add a button" }).click();
        await page.getByRole("textbox", { name: "Text on the button" }).fill("See the menu");
        await page.getByRole("textbox", { name: "Address" }).fill("https://contoso.example/menu");
        await expectSaved(page);
        const preview = page.getByRole("region", { name: "Preview" });
        await expect(preview.getByText("The new canteen").first()).toBeVisible();
        await expect(preview.getByRole("img", { name: "The canteen, seen from the door" })).toBeVisible();
        await expect(preview.getByText("See the menu")).toBeVisible();
        await expectAccessibleInBothThemes(page);
    });

    await test.step("whom it is for, and how many that is", async () => {
        await page.getByRole("button", { name: "Next: whom it is for" }).click();
        await choose(page, "logi", "Logistics");
        await expectCounted(page, "41");
        await expectAccessibleInBothThemes(page);
    });

    await test.step("tried by herself, then sent", async () => {
        await goTo(page, "Send");
        await page.getByRole("button", { name: "Send to me" }).click();
        await expect(page.getByText("The test is on its way to 1 person.")).toBeVisible();
        await expect(page.getByRole("button", { name: /^Send to (me|41)/, disabled: false })).toHaveCount(2);
        await expectAccessibleInBothThemes(page);
        await page.getByRole("button", { name: /^Send to 41/ }).click();
        await expectAccessibleInBothThemes(page);
        await page.keyboard.press("Escape");
        await release(page, /^Send to 41/, "41", "Send now");
    });

    await test.step("it goes out, and the counts add up", async () => {
        await expect(page.getByRole("heading", { name: "How far it is" })).toBeVisible();
        await expect(page.getByText(/The counts add up to everybody:.* = 41/)).toBeAttached();
        await expectDone(page);
        await expectAccessibleInBothThemes(page);
    });

    await test.step("who was missed by a policy, and what was tried", async () => {
        await page.getByRole("link", { name: /^Show the 3 people of: A Teams policy/ }).click();
        const people = page.getByRole("table", { name: "People of this announcement" });
        await expect(people.getByRole("row")).toHaveCount(4);
        await expectAccessibleInBothThemes(page);
        await people.getByRole("button").first().click();
        const panel = page.getByRole("dialog");
        await expect(panel.getByText("Install the app")).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await page.keyboard.press("Escape");
        await expect(panel).toBeHidden();
    });

    await test.step("these are tried again, and nobody else", async () => {
        await page.getByRole("tab", { name: "Overview" }).click();
        await page.getByRole("button", { name: /^Try again: A Teams policy/ }).click();
        const question = page.getByRole("dialog");
        await expect(question.getByText("3 people will be tried again.")).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await question.getByRole("button", { name: "Try again" }).click();
        await expect(page.getByText("Tried again").first()).toBeVisible({ timeout: 30_000 });
    });

    await test.step("everybody stands in the file", async () => {
        await page.getByRole("button", { name: "Export" }).click();
        const coming = page.waitForEvent("download");
        await page.getByRole("menuitem", { name: /CSV/ }).first().click();
        const text = await readFile(await (await coming).path(), "utf8");
        expect(text.trim().split("\n")).toHaveLength(1 + 41);
    });

    await test.step("and the list of announcements tells how it went", async () => {
        await page.getByRole("link", { name: "Announcements" }).click();
        await expect(page.getByRole("row", { name: /The new canteen Done 41/ })).toBeVisible();
        await expectAccessibleInBothThemes(page);
    });
});
