import { expectSaved, write } from "./support/authoring";
import { expectAccessibleInBothThemes } from "./support/axe";
import { arrowTo, expectClosed, expectFocus, tabBackTo } from "./support/keyboard";
import { chooseAccount, signIn } from "./support/people";
import { expect, test } from "./support/test";

test("the server is away while somebody writes: nothing is lost, and it is saved when it is back", async ({
    page,
    stentor,
    complaints,
}) => {
    test.setTimeout(120_000);
    complaints.tolerate(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE|50[234]/);
    await signIn(page, "Author");
    await write(page, { title: "Fire drill", body: "At noon." });
    await stentor.shutDown();
    const text = page.getByRole("textbox", { name: "Text", exact: true });
    await text.fill("At noon, **in the yard**.");
    await expect(page.getByText("Stentor does not answer at the moment.")).toBeVisible({ timeout: 30_000 });
    await expect(text).toHaveValue("At noon, **in the yard**.");
    await page.getByRole("textbox", { name: "Title" }).fill("Fire drill on Monday");
    await expectAccessibleInBothThemes(page);

    await test.step("whoever signs out now is asked first, and stays by the keyboard", async () => {
        await tabBackTo(page, /^Your account/);
        await page.keyboard.press("Enter");
        await expect(page.getByRole("menu")).toBeVisible();
        await arrowTo(page, "ArrowUp", "Sign out");
        await page.keyboard.press("Enter");
        await expectFocus(page, "Stay");
        await expectAccessibleInBothThemes(page);
        await page.keyboard.press("Enter");
        await expectClosed(page);
        await expectFocus(page, /^Your account/);
    });

    await stentor.startAgain();
    await expectSaved(page, 40_000);
    await expect(page.getByText("Stentor does not answer at the moment.")).toBeHidden();
    await page.reload();
    await expect(text).toHaveValue("At noon, **in the yard**.");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Fire drill on Monday");
});

test("the window is closed while the server is away: what was typed is there again", async ({
    page,
    stentor,
    complaints,
}) => {
    test.setTimeout(120_000);
    complaints.tolerate(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE|50[234]/);
    await signIn(page, "Author");
    await write(page, { title: "Fire drill", body: "At noon." });
    const address = page.url();
    await stentor.shutDown();
    await page.getByRole("textbox", { name: "Text", exact: true }).fill("At one.");
    await expect(page.getByText("Stentor does not answer at the moment.")).toBeVisible({ timeout: 30_000 });
    await page.close({ runBeforeUnload: false });

    await stentor.startAgain();
    const another = await page.context().newPage();
    complaints.watch(another);
    await another.goto(address);
    await expect(another.getByRole("textbox", { name: "Text", exact: true })).toHaveValue("At one.");
    await expectSaved(another);
});

test("the sign-in ends while somebody writes: she signs in again, and goes on where she was", async ({
    page,
    context,
    complaints,
}) => {
    complaints.tolerate(/401/);
    await signIn(page, "Author");
    await write(page, { title: "Fire drill", body: "At noon." });
    await context.clearCookies();
    const text = page.getByRole("textbox", { name: "Text", exact: true });
    await text.fill("At noon, in the yard.");
    const ended = page.getByRole("alertdialog", { name: "Your sign-in has ended" });
    await expect(ended).toBeVisible();
    await expectAccessibleInBothThemes(page);
    await expectFocus(page, "Sign in again");
    const opening = page.waitForEvent("popup");
    await page.keyboard.press("Enter");
    const popup = await opening;
    await chooseAccount(popup, "Author");
    await expect(ended).toBeHidden();
    await expect(text).toHaveValue("At noon, in the yard.");
    await expectSaved(page);
    await page.reload();
    await expect(text).toHaveValue("At noon, in the yard.");
});

test("the network is slow: the page stays usable, and says that it is saving", async ({ page, context }) => {
    test.setTimeout(120_000);
    await signIn(page, "Author");
    await write(page, { title: "Fire drill", body: "At noon." });
    const devtools = await context.newCDPSession(page);
    const slow = { offline: false, latency: 2_000, downloadThroughput: 20_000, uploadThroughput: 10_000 };
    await devtools.send("Network.emulateNetworkConditions", slow);
    const text = page.getByRole("textbox", { name: "Text", exact: true });
    await text.fill("");
    await text.pressSequentially("At noon, in the yard.");
    await expect(text).toHaveValue("At noon, in the yard.");
    await expect(page.getByText("Saving …")).toBeVisible();
    await expectSaved(page, 30_000);
    await devtools.send("Network.emulateNetworkConditions", {
        ...slow,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
    });
    await page.reload();
    await expect(text).toHaveValue("At noon, in the yard.");
});
