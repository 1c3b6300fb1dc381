import { readFile } from "node:fs/promises";
import { arrange, expectDone } from "./support/authoring";
import { expectAccessibleInBothThemes } from "./support/axe";
import { arrowTo, expectClosed, expectFocus, press, tabBackTo, tabTo, take } from "./support/keyboard";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

test("what was sent is looked into, tried again, exported, corrected and taken back by the keyboard alone", async ({
    page,
}) => {
    test.setTimeout(180_000);
    const { keyboard } = page;
    await signIn(page, "Author");
    const audience = { expression: 'group "Logistics"' };
    await arrange(page, { title: "The back door", body: "It is repaired on **Monday**.", audience }, "send");
    await expectDone(page);

    await test.step("one reason is tried again", async () => {
        await press(page, /^Try again: A Teams policy/);
        await expect(page.getByText("3 people will be tried again.")).toBeVisible();
        await keyboard.press("Escape");
        await expectClosed(page);
        await expectFocus(page, /^Try again: A Teams policy/);
        await keyboard.press("Enter");
        await expect(page.getByText("3 people will be tried again.")).toBeVisible();
        await press(page, "Try again");
        await expectClosed(page);
        await expect(page.getByText("Tried again").first()).toBeVisible({ timeout: 30_000 });
        await expectDone(page);
        await expectClosed(page);
    });

    await test.step("everybody as a file", async () => {
        await tabBackTo(page, "Export");
        const coming = page.waitForEvent("download");
        await take(page, /CSV/);
        const text = await readFile(await (await coming).path(), "utf8");
        expect(text.trim().split("\n")).toHaveLength(1 + 41);
        await expectFocus(page, "Export");
    });

    await test.step("the people, filtered, and one of them", async () => {
        await tabTo(page, "Overview");
        await arrowTo(page, "ArrowRight", "People");
        await keyboard.press("Enter");
        await expect(page.getByRole("table", { name: "People of this announcement" })).toBeVisible();
        await tabTo(page, "Search by name or address");
        await keyboard.type("nobody of this name");
        await expect(page.getByRole("heading", { name: "Nobody here" })).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await press(page, "Show everybody");
        await expect(page.getByRole("table", { name: "People of this announcement" })).toBeVisible();
        await expectFocus(page, /./);
        await tabBackTo(page, "State");
        await keyboard.type("Not reached");
        await expect(page.getByRole("row")).toHaveCount(1 + 4);
        await press(page, /^What was tried for/);
        await expectFocus(page, "Close");
        await expectAccessibleInBothThemes(page);
        await keyboard.press("Enter");
        await expectClosed(page);
        await expectFocus(page, /^What was tried for/);
    });

    await test.step("what was said", async () => {
        await tabBackTo(page, "People");
        await arrowTo(page, "ArrowRight", "What was said");
        await keyboard.press("Enter");
        await expect(page.getByText(/It is repaired on/).first()).toBeVisible();
        await expect(page.getByRole("definition").first()).toBeVisible();
        await expectAccessibleInBothThemes(page);
    });

    await test.step("it is corrected", async () => {
        await tabBackTo(page, "More actions");
        await take(page, "Correct …");
        await expectFocus(page, "Title");
        await tabTo(page, "Text");
        await keyboard.press("Control+End");
        await keyboard.type(" At noon.");
        await expect(page.getByText(/^It changes 37 messages/)).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await press(page, "Yes, everybody is to read it like this", "Space");
        await press(page, "Correct");
        await expectClosed(page);
        await expectFocus(page, "More actions");
        await expect(page.getByText(/It is repaired on .*At noon\./).first()).toBeVisible();
    });

    await test.step("it is taken back", async () => {
        await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });
        await take(page, "Take back …");
        await expectFocus(page, /^Delete the messages/);
        await keyboard.press("ArrowDown");
        await tabTo(page, "What is to stand there instead");
        await keyboard.type("Sent by mistake.");
        await expect(page.getByText(/^It reaches 37 messages/)).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await press(page, "Yes, take it back from everybody", "Space");
        await press(page, "Take back");
        await expectClosed(page);
        await expectFocus(page, "More actions");
        await tabTo(page, "What was said");
        await keyboard.press("Home");
        await keyboard.press("Enter");
        await expect(page.getByText(/^It was taken back .* from 37 of 37/)).toBeVisible({ timeout: 30_000 });
        await expectAccessibleInBothThemes(page);
    });
});
