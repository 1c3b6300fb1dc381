import { choose, expectCounted, expectSaved, goTo, release, write } from "./support/authoring";
import { signIn } from "./support/people";
import { expect, test } from "./support/test";

/** A list as Excel and its friends write it, in another encoding each, with two people who can be reached and a stranger. */
const ROWS = (people: string[]) =>
    ["Name;E-mail", ...people.map((it) => `Zoë Müller;${it}`), "Zoë Müller;zoe@elsewhere.example"].join("\r\n");
const FILES = [
    { name: "utf-16.csv", bytes: (text: string) => Buffer.from(`\ufeff${text}`, "utf16le") },
    { name: "windows-1252.csv", bytes: (text: string) => Buffer.from(text, "latin1") },
];

/** A picture of two by two pixels, on the clipboard. */
async function copyPicture() {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2, height: 2 });
    canvas.getContext("2d")?.fillRect(0, 0, 2, 2);
    const picture = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (picture) await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
}

test("lists in the encodings of offices are read, and name the people that they name", async ({ page }) => {
    await signIn(page, "Author");
    const found = await page.request.get("/api/v1/directory/search?text=a&limit=2");
    const people = (await found.json()).people.map((it: { user_principal_name: string }) => it.user_principal_name);
    await write(page, { title: "For two", body: "Only for you." });
    await goTo(page, "Audience");
    for (const { name, bytes } of FILES) {
        await page.getByRole("button", { name: "Paste or upload a list" }).click();
        const question = page.getByRole("dialog");
        const file = { name, mimeType: "text/csv", buffer: bytes(ROWS(people)) };
        await question.locator("input[type=file]").setInputFiles(file);
        await expect(question.getByText("1 line that nobody in the directory has")).toBeVisible();
        await question.getByRole("button", { name: "Use these 2 people" }).click();
    }
    // The server reads what was kept as it read the file.
    await expect(page.getByText("2 lines of your lists name nobody for certain.")).toBeVisible();
    await expect(page.getByRole("link", { name: /Audience/ })).toContainText("something needs to be mended");
    await expectSaved(page);
    const told = await page.request.get(`/api/v1${new URL(page.url()).pathname.replace(/\/audience$/, "")}`);
    const { lists } = (await told.json()).draft.manuscript.audience;
    expect(Object.values<string>(lists).every((list) => list.includes("Zoë Müller"))).toBe(true);
});

test("a picture is pasted, and what goes to chat and activity feed is sent", async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await signIn(page, "Author");
    await write(page, { title: "New canteen", body: "It opens on **Monday**." });
    await page.evaluate(copyPicture);
    await page.getByRole("textbox", { name: "Text", exact: true }).press("Control+V");
    await page.getByRole("textbox", { name: "What does it show?" }).fill("The new canteen");
    await page.getByRole("button", { name: "Author and where it appears" }).click();
    await page.getByRole("radio", { name: /^In both/ }).check();
    await page.getByRole("textbox", { name: "Line in the activity feed" }).fill("Come at eleven");
    await expect(page.getByRole("region", { name: "Preview" }).getByText("Come at eleven")).toBeVisible();
    await goTo(page, "Audience");
    await choose(page, "logi", "Logistics");
    await expectCounted(page, "41");
    await goTo(page, "Send");
    await release(page, /^Send to 41/, "41", "Send now");
    await expect(page.getByRole("tab", { name: "People" })).toBeVisible();
});

test("the activity feed alone gets a line, and an announcement left empty is gone", async ({ page }) => {
    await signIn(page, "Author");
    await write(page, { title: "Doors open late", body: "" });
    await page.getByRole("button", { name: "Author and where it appears" }).click();
    await page.getByRole("radio", { name: /^In the activity feed/ }).check();
    await goTo(page, "Audience");
    await choose(page, "logi", "Logistics");
    await goTo(page, "Send");
    await release(page, /^Send to 41/, "41", "Send now");
    await expect(page.getByRole("tab", { name: "People" })).toBeVisible();

    await page.getByRole("link", { name: "Announcements" }).click();
    await page.getByRole("button", { name: /^New announcement/ }).click();
    await expect(page.getByRole("textbox", { name: "Title" })).toBeVisible();
    const gone = page.waitForResponse((it) => it.request().method() === "DELETE" && it.ok());
    await page.getByRole("link", { name: "Announcements" }).click();
    const draft = new URL((await gone).url()).pathname.replace("/api/v1", "");
    await expect(page.getByRole("link", { name: "Doors open late" }).first()).toBeVisible();
    await expect(page.locator(`a[href^="${draft}"]`)).toHaveCount(0);
});
