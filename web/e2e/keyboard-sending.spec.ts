import { arrange } from "./support/authoring";
import { expectAccessibleInBothThemes } from "./support/axe";
import { expectClosed, expectFocus, expectKept, pick, press, tabBackTo, tabTo, take } from "./support/keyboard";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

const FOR_LOGISTICS = { audience: { expression: 'group "Logistics"' } };
const FOR_ALL = { audience: { expression: "everyone" } };

/**
 * A day within the next weeks, by the clock of the page, that is typed alike however the browser orders day and month: such
 * as 3 March.
 */
function soon() {
    const day = new Date();
    const year = day.getFullYear();
    day.setDate(day.getDate() + 3);
    while (day.getDate() !== day.getMonth() + 1) day.setDate(day.getDate() + 1);
    return { typed: String(day.getDate()).padStart(2, "0").repeat(2), isNextYear: day.getFullYear() > year };
}

test("an announcement is tried, scheduled, brought back and copied by the keyboard alone", async ({ page }) => {
    test.setTimeout(180_000);
    const { keyboard } = page;
    await signIn(page, "Author");
    await arrange(page, { title: "On the lawn", body: "In summer.", ...FOR_LOGISTICS });
    await expect(page.getByRole("textbox", { name: "Title" })).toBeVisible();
    await press(page, /^Send/);
    await expect(page.getByRole("button", { name: /^Send to 41/, disabled: false })).toBeVisible();

    await test.step("tried by herself and by a colleague", async () => {
        await press(page, "Send to me");
        await expect(page.getByText("The test is on its way to 1 person.")).toBeVisible();
        await press(page, "Send to a few people …");
        await expectFocus(page, "Who should try it");
        await pick(page, "ishaan", /^Ishaan/);
        await keyboard.press("Escape");
        await expect(page.getByRole("button", { name: /^Send the test to 1 person/ })).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await press(page, /^Send the test to 1 person/);
        await expect(page.getByText("The test is on its way to 1 person.")).toBeVisible();
    });

    await test.step("for an hour, in another zone, with other choices; at once; and for an hour again", async () => {
        await tabBackTo(page, "Now");
        await keyboard.press("ArrowDown");
        await expectFocus(page, "At a time");
        await tabTo(page, "Day");
        const { typed, isNextYear } = await page.evaluate(soon);
        await keyboard.type(typed);
        // The year stands last, and has the focus now.
        if (isNextYear) await keyboard.press("ArrowUp");
        await tabTo(page, "Time");
        await keyboard.type("0930a");
        await tabTo(page, "Time zone");
        await keyboard.press("Control+a");
        await keyboard.type("Tokyo");
        await expect(page.getByRole("option", { name: /^Tokyo/ })).toBeVisible();
        await keyboard.press("ArrowDown");
        await keyboard.press("Enter");
        await expect(page.getByText(/at 09:30 in Tokyo/)).toBeVisible();
        await press(page, "Urgent", "Space");
        await press(page, "More choices");
        await tabTo(page, /^Leave it in doubt/);
        await keyboard.press("ArrowDown");
        await expectFocus(page, /^Send it again/);
        await expect(page.getByRole("button", { name: /^Schedule for 41/, disabled: false })).toBeVisible();
        await expectAccessibleInBothThemes(page);
        await tabBackTo(page, "At a time");
        await keyboard.press("ArrowUp");
        await expect(page.getByRole("button", { name: /^Send to 41/, disabled: false })).toBeVisible();
        await keyboard.press("ArrowDown");
        await tabTo(page, "Day");
        await expect(page.getByRole("button", { name: /^Schedule for 41/, disabled: false })).toBeVisible();
    });

    await test.step("scheduled, cancelled, and written anew", async () => {
        await press(page, /^Schedule for 41/);
        await expect(page.getByRole("textbox", { name: /To confirm/ })).toBeFocused();
        await keyboard.press("Escape");
        await expectClosed(page);
        await expectFocus(page, /^Schedule for 41/);
        await keyboard.press("Enter");
        await expect(page.getByRole("textbox", { name: /To confirm/ })).toBeFocused();
        await keyboard.type("41");
        await expectAccessibleInBothThemes(page);
        await keyboard.press("Enter");
        await expect(page.getByRole("heading", { name: "On the lawn", level: 1 })).toBeFocused();
        await press(page, "Cancel");
        await expect(page.getByRole("dialog")).toContainText("It will not start.");
        await expectAccessibleInBothThemes(page);
        await press(page, "Cancel the announcement");
        await expect(page.getByText("It was cancelled before anybody got it.")).toBeVisible({ timeout: 20_000 });
        await expectClosed(page);
        await tabBackTo(page, "More actions");
        await take(page, "Use as a new draft");
        await expect(page.getByRole("textbox", { name: "Title" })).toHaveValue("On the lawn");
        await expect(page.getByRole("heading", { name: "On the lawn", level: 1 })).toBeFocused();
    });
});

test("an announcement is handed in, given back, approved, paused and cancelled by the keyboard alone", async ({
    page,
    browser,
    baseURL,
    complaints,
}) => {
    test.setTimeout(180_000);
    await signIn(page, "Author");
    await arrange(page, { title: "For all of us", body: "Closed on **Friday**.", ...FOR_ALL });
    await expect(page.getByRole("textbox", { name: "Title" })).toBeVisible();
    await press(page, /^Send/);
    const handIn = async () => {
        await expect(page.getByRole("button", { name: "Hand in for approval …", disabled: false })).toBeVisible();
        await press(page, "Hand in for approval …");
        await expectFocus(page, "Hand in");
        await page.keyboard.press("Enter");
        await expect(page.getByRole("heading", { name: "Waits for approval" })).toBeVisible();
        await expectClosed(page);
    };
    await handIn();
    await press(page, "Take it back");
    await expect(page.getByRole("navigation", { name: "Steps" })).toBeVisible();
    await expectKept(page);
    await press(page, /^Send/);
    await handIn();

    const another = await browser.newContext({ baseURL });
    const second = await another.newPage();
    complaints.watch(second);
    await signIn(second, "Approver");
    await test.step("a second person finds it, and gives it back", async () => {
        await tabTo(second, "All");
        await second.keyboard.press("ArrowRight");
        await second.keyboard.press("ArrowRight");
        await expectFocus(second, "Waiting for approval");
        await second.keyboard.press("Enter");
        await expect(second.getByRole("link", { name: "For all of us" })).toBeVisible();
        await press(second, "For all of us");
        await expect(second.getByRole("button", { name: "Approve …", disabled: false })).toBeVisible();
        await press(second, "Give back …");
        await expectFocus(second, /^What should/);
        await expectAccessibleInBothThemes(second);
        await second.keyboard.press("Escape");
        await expectClosed(second);
        await expectFocus(second, "Give back …");
        await second.keyboard.press("Enter");
        await expectFocus(second, /^What should/);
        await second.keyboard.type("Which Friday?");
        await press(second, "Give it back");
        await expect(second.getByText(/sent it back: “Which Friday\?”/)).toBeVisible();
        await expectClosed(second);
    });

    await page.reload();
    await expect(page.getByText(/sent it back: “Which Friday\?”/)).toBeVisible();
    await press(page, /^Send/);
    await handIn();

    await test.step("then it is approved, paused, resumed and cancelled", async () => {
        await second.reload();
        await expect(second.getByRole("button", { name: "Approve …", disabled: false })).toBeVisible();
        await press(second, "Approve …");
        const typed = second.getByRole("textbox", { name: /To confirm/ });
        await expect(typed).toBeFocused();
        await expectAccessibleInBothThemes(second);
        const count = /\d+$/.exec((await second.getByText(/^To confirm, type/).textContent()) ?? "")?.[0] ?? "";
        await second.keyboard.type(count);
        await second.keyboard.press("Enter");
        await expect(second.getByRole("button", { name: "Pause" })).toBeVisible();
        await press(second, "Pause");
        await expect(second.getByText("Paused: nobody is being sent to")).toBeVisible();
        await expectKept(second);
        await expectAccessibleInBothThemes(second);
        await page.reload();
        await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
        await press(page, "Resume");
        await expectFocus(page, "Pause");
        await page.keyboard.press("Enter");
        await expectFocus(page, "Resume");
        await press(page, "Cancel");
        await expectFocus(page, "Keep it");
        await press(page, "Cancel the announcement");
        await expectClosed(page);
        await expect(page.getByText(/It was cancelled/)).toBeVisible({ timeout: 30_000 });
        await expectKept(page);
    });
    await another.close();
});
