/**
 * How heavy the page is, and whether it stays responsive: `node bench/page.mjs URL TOKEN GOING OVER`, against any server.
 * `stentor bench page` starts one, with a large broadcast under way and another that is over, and runs this.
 *
 * Told as JSON: bytes that travel for the first load (compressed, nothing cached) and until somebody can press something;
 * for each page, the tasks that kept the main thread longer than 50 ms, and how long a press took to be shown.
 */

import { chromium } from "@playwright/test";

const [url, token, going, over] = process.argv.slice(2);
if (!over) {
    process.stderr.write("usage: node bench/page.mjs URL TOKEN GOING OVER\n");
    process.exit(2);
}

/** How long each page is watched, in milliseconds. */
const WATCHED = 10_000;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

const browser = await chromium.launch({
    executablePath: process.env.STENTOR_CHROMIUM ?? "/usr/bin/chromium",
    args: [...FLAGS, "--disable-component-update", "--disable-sync"],
});

async function open(path) {
    const page = await browser.newPage({ extraHTTPHeaders: { Authorization: `Bearer ${token}` } });
    await page.addInitScript(() => {
        window.longTasks = [];
        window.presses = [];
        new PerformanceObserver((list) => {
            for (const task of list.getEntries()) window.longTasks.push({ at: task.startTime, ms: task.duration });
        }).observe({ type: "longtask", buffered: true });
        new PerformanceObserver((list) => {
            for (const press of list.getEntries()) window.presses.push(press.duration);
        }).observe({ type: "event", durationThreshold: 16, buffered: true });
    });
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    let bytes = 0;
    network.on("Network.loadingFinished", (event) => {
        bytes += event.encodedDataLength;
    });
    const began = performance.now();
    await page.goto(url + path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    const ready = performance.now() - began;
    await page.waitForLoadState("load");
    return { page, ready, bytes: () => bytes };
}

const round = (value) => Math.round(value * 10) / 10;

async function told({ page, ready, bytes }, loadEnds) {
    const { longTasks, presses, paint } = await page.evaluate(() => ({
        longTasks: window.longTasks,
        presses: window.presses,
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    }));
    const tasks = longTasks.map((task) => task.ms);
    const afterwards = longTasks.filter((task) => task.at > loadEnds).map((task) => task.ms);
    return {
        bytes: bytes(),
        first_paint_ms: round(paint ?? 0),
        usable_ms: round(ready),
        long_tasks: tasks.length,
        longest_task_ms: round(Math.max(0, ...tasks)),
        long_tasks_once_loaded: afterwards.length,
        longest_once_loaded_ms: round(Math.max(0, ...afterwards)),
        slowest_press_ms: round(Math.max(0, ...presses)),
    };
}

const measured = {};

async function watch(name, path, act) {
    const opened = await open(path);
    await opened.page.waitForTimeout(1_500);
    const loadEnds = await opened.page.evaluate(() => performance.now());
    await act?.(opened.page);
    await opened.page.waitForTimeout(WATCHED);
    measured[name] = await told(opened, loadEnds);
    await opened.page.close();
}

/** Turns five pages, types two letters into the search, and looks at what was tried for somebody. */
async function browse(page) {
    const table = page.getByRole("table");
    for (let turn = 0; turn < 5; turn += 1) {
        await page.getByRole("button", { name: /next/i }).click();
        await page.waitForTimeout(700);
    }
    await page.getByRole("searchbox").pressSequentially("pe", { delay: 80 });
    await page.waitForTimeout(1_500);
    await table.getByRole("button").first().click();
    await page.getByRole("dialog").waitFor();
}

await watch("list", "/broadcasts");
await watch("progress", `/broadcasts/${going}`);
await watch("progress, people", `/broadcasts/${going}/people`, browse);
await watch("results", `/broadcasts/${over}`);
await watch("results, people", `/broadcasts/${over}/people`, browse);

process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`);
await browser.close();
