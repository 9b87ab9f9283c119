// node benches/paint.mjs ADDRESS BROWSER [RUNS]: measures how fast the pages of a running server appear, in
// milliseconds: the largest contentful paint in a new tab, and for the result page the time that the server needed in
// addition to the search (from its Server-Timing header).
import { Visitor } from "../tests/browser/harness.mjs";
import { everyPage } from "../tests/browser/pages.mjs";

const [address, browser, runs = "10"] = process.argv.slice(2);
const visitor = await Visitor.at(address, browser);
const pages = await everyPage(address);

const percentile = (values, fraction) => values.toSorted((a, b) => a - b)[Math.ceil(values.length * fraction) - 1];
const summary = (values) => ({ runs: values.length, p50: percentile(values, 0.5), most: percentile(values, 1) });
const rounded = (value) => Math.round(value * 100) / 100;

const largestPaint = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime)).observe({
          type: "largest-contentful-paint",
          buffered: true,
        });
      }),
  );

for (const name of ["home", "results", "passage", "page", "library", "compare", "status"]) {
  const [paints, renders] = [[], []];
  for (let run = 0; run < Number(runs); run += 1) {
    const page = await visitor.open("/healthz");
    const response = await page.goto(address + pages[name], { waitUntil: "load" });
    paints.push(rounded(await largestPaint(page)));
    const timing = response.headers()["server-timing"] ?? "";
    const render = /render;dur=([\d.]+)/.exec(timing);
    if (render) renders.push(Number(render[1]));
    await page.context().close();
  }
  console.log(JSON.stringify({ page: name, largest_paint_ms: summary(paints), ...(renders.length > 0 && { render_ms: summary(renders) }) }));
}
await visitor.browser.close();
