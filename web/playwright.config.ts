import { defineConfig } from "@playwright/test";

// The real program, its own Postgres and a simulated Teams, in the system's Chromium. A test that fails once is a defect.
export default defineConfig({
    testDir: "e2e",
    outputDir: "e2e/results",
    workers: 2,
    fullyParallel: false,
    retries: 0,
    forbidOnly: true,
    timeout: 60_000,
    globalTimeout: 600_000,
    expect: { timeout: 10_000 },
    reporter: [["list"]],
    use: {
        browserName: "chromium",
        viewport: { width: 1280, height: 900 },
        locale: "en-GB",
        timezoneId: "Europe/Paris",
        reducedMotion: "reduce",
        trace: "off",
        screenshot: "only-on-failure",
        actionTimeout: 10_000,
        launchOptions: {
            executablePath: process.env.STENTOR_CHROMIUM ?? "/usr/bin/chromium",
            // Without these it asks its maker for news: a test talks to nobody but this machine.
            args: [
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        },
    },
});
