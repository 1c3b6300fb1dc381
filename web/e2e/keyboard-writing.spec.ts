import { arrange, expectCounted, expectSaved, forgetAudience } from "./support/authoring";
import { expectAccessibleInBothThemes } from "./support/axe";
import {
    arrowTo,
    expectClosed,
    expectFocus,
    expectKept,
    pick,
    press,
    tabBackTo,
    tabTo,
    take,
} from "./support/keyboard";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

test("words, a link, a picture and buttons are put in by the keyboard alone, and a draft is copied and deleted", async ({
    page,
}) => {
    test.setTimeout(180_000);
    const { keyboard } = page;
    await signIn(page, "Author");
    await arrange(page, { title: "By hand", body: "Read this." });
    const text = page.getByRole("textbox", { name: "Text", exact: true });
    await expect(text).toBeVisible();

    await test.step("the text is made bold, and gets a link", async () => {
        await tabTo(page, "Bold");
        await arrowTo(page, "ArrowRight", "Bulleted list");
        await tabTo(page, "Text");
        await keyboard.press("Control+a");
        await keyboard.press("Control+b");
        await expect(text).toHaveValue("**Read this.**");
        await keyboard.press("Control+k");
        const question = page.getByRole("dialog", { name: "Add a link" });
        await expect(question.getByRole("textbox", { name: "Address" })).toBeFocused();
        await expectAccessibleInBothThemes(page);
        await keyboard.type("contoso.example");
        await keyboard.press("Enter");
        await expectClosed(page);
        await expect(text).toBeFocused();
        await expect(text).toHaveValue("**[Read this.](https://contoso.example)**");
    });

    await test.step("a picture", async () => {
        const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 320, height: 180 } });
        const choose = async () => {
            const choosing = page.waitForEvent("filechooser");
            await press(page, "Choose a picture");
            await (await choosing).setFiles({ name: "yard.png", mimeType: "image/png", buffer: picture });
            await expectFocus(page, "What does it show?");
        };
        await choose();
        await press(page, "Remove the picture");
        await expectFocus(page, "Choose a picture");
        await press(page, "Use a picture from the web");
        await expectFocus(page, "Address of the picture");
        await press(page, "Upload a picture instead");
        await expectFocus(page, "Choose a picture");
        await keyboard.press("Shift+Tab");
        await choose();
        await keyboard.type("The yard");
    });

    await test.step("buttons are added, moved and removed", async () => {
        for (const name of ["One", "Two"]) {
            await press(page, "Add a button");
            await expectFocus(page, "Text on the button");
            await keyboard.type(name);
            await tabTo(page, "Address");
            await keyboard.type(`contoso.example/${name}`);
        }
        await press(page, "Move button 2 up");
        await expectFocus(page, "Move button 1 down");
        await expect(page.getByRole("textbox", { name: "Text on the button" }).first()).toHaveValue("Two");
        await expectAccessibleInBothThemes(page);
        await press(page, "Remove button 2");
        await expectFocus(page, "Remove button 1");
        await keyboard.press("Enter");
        await expectFocus(page, "Add a button");
    });

    await test.step("who speaks, where it appears, and how the preview looks", async () => {
        await press(page, "Author and where it appears");
        await tabTo(page, "Author");
        await keyboard.type("Facilities");
        await tabTo(page, /In everyone’s chat/);
        await keyboard.press("ArrowDown");
        await expect(page.getByText("The activity feed shows no text, picture or buttons.")).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await press(page, "Leave the text, picture and buttons out");
        await expect(text).toBeHidden();
        await expectKept(page);
        await expect(page.getByRole("textbox", { name: "Line in the activity feed" })).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await tabBackTo(page, /In the activity feed/);
        await keyboard.press("ArrowDown");
        await expect(text).toBeVisible();
        await tabTo(page, "Light");
        await keyboard.press("ArrowRight");
        await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();
        await expectSaved(page);
    });

    await test.step("a copy is made, and deleted", async () => {
        const { pathname } = new URL(page.url());
        await tabBackTo(page, "More about this draft");
        await take(page, "Duplicate");
        await page.waitForURL((url) => url.pathname !== pathname);
        await expect(page.getByRole("heading", { name: "By hand", level: 1 })).toBeFocused();
        await tabTo(page, "More about this draft");
        await take(page, "Delete draft");
        await expect(page.getByRole("alertdialog", { name: "Delete this draft?" })).toBeVisible();
        await expectFocus(page, "Cancel");
        await expectAccessibleInBothThemes(page);
        await keyboard.press("Enter");
        await expectClosed(page);
        await expectFocus(page, "More about this draft");
        await take(page, "Delete draft");
        await expectFocus(page, "Cancel");
        await press(page, "Delete");
        await page.waitForURL("/broadcasts");
        await expect(page.getByRole("heading", { name: "Announcements", level: 1 })).toBeFocused();
    });
});

test("an audience is chosen, pasted, narrowed, said in words and kept by the keyboard alone", async ({
    page,
    complaints,
}) => {
    test.setTimeout(180_000);
    // A group that is not there cannot be counted.
    complaints.tolerate(/dry-run.* 422/);
    const { keyboard } = page;
    await signIn(page, "Author");
    await arrange(page, { title: "For whom", body: "For you." });
    await tabTo(page, /^Audience/);
    await keyboard.press("Enter");
    await expect(page.getByRole("combobox", { name: "Who gets it" })).toBeVisible();
    await expectAccessibleInBothThemes(page);

    await test.step("a list is pasted", async () => {
        const address = await page.evaluate(async () => (await (await fetch("/api/v1/me")).json()).who.principal_name);
        await press(page, "Paste or upload a list");
        await tabTo(page, "Or paste it");
        await keyboard.insertText(`${address}\nnobody@contoso.example`);
        await expect(page.getByText("This list names 1 person.")).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await press(page, "Use this person");
        await expectClosed(page);
        await expectFocus(page, "Paste or upload a list");
        await expectCounted(page, "1");
        await press(page, "Go on without these lines", "Space");
    });

    await test.step("a group is chosen, and taken away again", async () => {
        await tabBackTo(page, "Who gets it");
        await pick(page, "logi", "Logistics");
        await keyboard.press("Escape");
        await expectCounted(page, "42");
        await tabBackTo(page, /^Group: Logistics/);
        await keyboard.press("Delete");
        await expectCounted(page, "1");
        await expectKept(page);
        await tabBackTo(page, /^List: /);
        await keyboard.press("Delete");
        await expect(page.getByText(/Choose who gets it\. Here you see/)).toBeVisible();
        await expectKept(page);
    });

    await test.step("by what the directory says, without some, and kept under a name", async () => {
        await press(page, "By department, country …");
        await expect(page.getByRole("dialog", { name: "Choose by what the directory says" })).toBeVisible();
        await expectFocus(page, "Whose");
        await expectAccessibleInBothThemes(page);
        await keyboard.type("Country");
        await tabTo(page, "What");
        await keyboard.type("France");
        await press(page, "Add");
        await expectClosed(page);
        await expectFocus(page, "By department, country …");
        await tabTo(page, "Except");
        await pick(page, "logi", "Logistics");
        await keyboard.press("Escape");
        await expect(
            page.getByRole("button", { name: /– taken away by/ }).or(page.getByText("taken away by")),
        ).toBeVisible();
        await press(page, "Save for next time");
        await expectFocus(page, "Name");
        await expectAccessibleInBothThemes(page);
        await keyboard.type("By hand");
        await keyboard.press("Enter");
        await expectClosed(page);
        await expectFocus(page, "Save for next time");
    });

    await test.step("in words and back, and who is left out by name", async () => {
        await press(page, "Write it in words");
        await expectFocus(page, "Whom it is for, in words");
        await keyboard.press("Control+End");
        await keyboard.type(' except group "Nowhere"');
        await expect(page.getByText(/Nowhere/).nth(1)).toBeVisible();
        await expectAccessibleInBothThemes(page);
        for (const _ of ' except group "Nowhere"') await keyboard.press("Backspace");
        await press(page, "Back to choosing");
        await expectKept(page);
        await expect(page.getByRole("combobox", { name: "Who gets it" })).toBeVisible();
        await tabTo(page, /^\d+ (person|people)$/);
        await keyboard.press("Enter");
        await expect(page.getByRole("table")).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await keyboard.press("Escape");
        await expectClosed(page);
        await expectFocus(page, /^\d+ (person|people)$/);
    });
    // Whatever uses this server next finds it as it was.
    await forgetAudience(page, "By hand");
});
