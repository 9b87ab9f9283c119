// A separate browser for one journey through the pages. During the whole journey it records what must never happen:
// console errors, violations of the Content-Security-Policy, dialogs, requests to other hosts.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// No background requests: the browser may use loopback only.
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

export class Visitor {
  constructor(browser, address) {
    this.browser = browser;
    this.address = address;
    this.problems = [];
  }

  static async at(address, executablePath) {
    const browser = await chromium.launch({ executablePath, args: QUIET, headless: true });
    return new Visitor(browser, address);
  }

  // Opens a tab. `options` are Playwright's for a context.
  async open(path, options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(60000);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.problems.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.problems.push(`script: ${error}`));
    page.on("dialog", (dialog) => {
      this.problems.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(this.address) && !url.startsWith("data:")) this.problems.push(`request to ${url}`);
    });
    await page.goto(this.address + path);
    return page;
  }

  // Checks WCAG 2.2 AA, as far as it can be checked automatically.
  async checkAccessibility(page, where) {
    await page.evaluate(AXE);
    const found = await page.evaluate((values) => axe.run(document, { runOnly: { type: "tag", values } }), LEVELS);
    for (const { id, help, nodes } of found.violations) {
      const places = nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.any[0]?.message ?? ""})`);
      this.problems.push(`axe, ${where}: ${id}, ${help}: ${places.join(" | ")}`);
    }
    if (found.passes.length < 10) this.problems.push(`axe, ${where}: only ${found.passes.length} rules applied`);
  }

  // Checks that the page does not scroll sideways.
  async checkWidth(page, where) {
    const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    if (whole > inner) this.problems.push(`${where}: ${whole} pixels wide in a window of ${inner} pixels`);
  }

  // Checks that the layout does not shift while the page loads.
  async checkLayoutShift(page, where) {
    const moved = await page.evaluate(
      () =>
        new Promise((done) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) sum += entry.value;
          }).observe({ type: "layout-shift", buffered: true });
          // Shifts are reported only when they happen; 100 ms cover those of the first paint.
          setTimeout(() => done(sum), 100);
        }),
    );
    if (moved > 0.01) this.problems.push(`${where}: the layout shifts by ${moved}`);
  }

  async finish() {
    await this.browser.close();
    if (this.problems.length > 0) throw new Error(this.problems.join("\n"));
  }
}

export function expect(condition, what) {
  if (!condition) throw new Error(what);
}
