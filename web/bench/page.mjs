/**
 * How heavy the page is, and whether it stays responsive: `node bench/page.mjs URL TOKEN BROADCAST`, against any server.
 *
 * Told as JSON: bytes that travel for the first load (compressed, nothing cached) and until somebody can press something;
 * for each page, the tasks that kept the main thread longer than 50 ms, and how long a press took to be shown.
 */

import { chromium } from "@playwright/test";

const [url, token, broadcast] = process.argv.slice(2);
if (!broadcast) {
    process.stderr.write("usage: node bench/page.mjs URL TOKEN BROADCAST\n");
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

await watch("list", "/broadcasts");
await watch("progress", `/broadcasts/${broadcast}`);
await watch("people", `/broadcasts/${broadcast}/people`, async (page) => {
    for (let turn = 0; turn < 5; turn += 1) {
        await page.getByRole("button", { name: /next/i }).click();
        await page.waitForTimeout(700);
    }
    await page.getByRole("searchbox").pressSequentially("an", { delay: 80 });
});

process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`);
await browser.close();
