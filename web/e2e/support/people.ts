/** Signing in as people do: by the button, and by an account of the organisation. */

import { expect, type Page } from "@playwright/test";

/** One for each role, by their given names; the simulated Teams has them. */
export const PEOPLE = { Admin: "Deepa", Approver: "Ishaan", Author: "Łukasz", Reader: "Sören" } as const;
export type RoleName = keyof typeof PEOPLE;

export async function chooseAccount(page: Page, role: RoleName) {
    await page.getByRole("button", { name: PEOPLE[role] }).click();
}

/** Ends at `path`, with the page there. */
export async function signIn(page: Page, role: RoleName, path = "/broadcasts") {
    await page.goto(path);
    await page.getByRole("link", { name: "Sign in with Microsoft" }).click();
    await chooseAccount(page, role);
    await page.waitForURL((url) => url.pathname.startsWith(path));
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
}
