// node screenshots.mjs ADDRESS BROWSER FOLDER: takes the screenshots of docs/web.md, of every page in both themes and of
// some in a narrow window. The server must accept feedback from everyone.
import { Visitor } from "./harness.mjs";
import { everyPage } from "./pages.mjs";

const NARROW = ["results", "page"];
const HELPFUL = "Yes, this page is helpful";

const [address, browser, folder] = process.argv.slice(2);
const visitor = await Visitor.at(address, browser);
const take = async (name, path, options) => {
  const page = await visitor.open(path, options);
  // Without scripts, the response to feedback is a separate page.
  if (options.javaScriptEnabled === false) await page.getByRole("button", { name: HELPFUL }).first().click();
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
