// node screenshots.mjs ADDRESS BROWSER FOLDER: every page in both themes, and narrow; the pictures of
// docs/web.md. The server takes everybody's feedback.
import { Visitor } from "./harness.mjs";
import { everyPage } from "./pages.mjs";

const NARROW = ["results", "page"];
const ANSWERS = "This page answers it";

const [address, browser, folder] = process.argv.slice(2);
const visitor = await Visitor.at(address, browser);
const take = async (name, path, options) => {
  const page = await visitor.open(path, options);
  // Without scripts, a word on a hit is answered by a page of its own.
  if (options.javaScriptEnabled === false) await page.getByRole("button", { name: ANSWERS }).first().click();
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.context().close();
};
const pages = await everyPage(address);
for (const [name, path] of Object.entries(pages)) {
  for (const colorScheme of ["light", "dark"]) await take(`${name}-${colorScheme}`, path, { colorScheme });
  if (NARROW.includes(name)) await take(`${name}-narrow`, path, { viewport: { width: 360, height: 780 } });
}
for (const colorScheme of ["light", "dark"]) {
  await take(`feedback-${colorScheme}`, pages.results, { colorScheme, javaScriptEnabled: false });
}
await visitor.browser.close();
