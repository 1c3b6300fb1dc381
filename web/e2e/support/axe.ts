/** Accessibility, as far as a program can judge it. */

import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Where Fluent catches the focus at the edges of a dialog or a list and passes it on at once: nobody rests there. */
const SENTINELS = "[data-tabster-dummy]";

/** Toasts stand outside every landmark; they are read aloud by themselves. */
const NOT_FOR_TOASTS = "region";

/** What is violated of WCAG 2.2, levels A and AA, on the page as it stands. */
async function violations(page: Page): Promise<string[]> {
    const { violations } = await new AxeBuilder({ page })
        // Else it opens another page for its work, and the focus wanders.
        .setLegacyMode(true)
        .withTags(RULES)
        .disableRules(NOT_FOR_TOASTS)
        .exclude(SENTINELS)
        .analyze();
    return violations.map(
        ({ id, help, nodes }) =>
            `${id}: ${help}\n${nodes.map((node) => `   ${node.html}\n   ${node.failureSummary}`).join("\n")}`,
    );
}

/** Nothing is violated; what was met half drawn, such as a button that was just enabled, is looked at once more. */
export async function expectAccessible(page: Page) {
    await expect.poll(() => violations(page), { message: `violations at ${page.url()}` }).toEqual([]);
}

/** The same in light and in dark. */
export async function expectAccessibleInBothThemes(page: Page) {
    for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await expectAccessible(page);
    }
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}
