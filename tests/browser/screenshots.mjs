// node screenshots.mjs ADDRESS BROWSER FOLDER: every page in both themes, and narrow; the pictures of docs/web.md.
import { Visitor } from "./harness.mjs";
import { everyPage } from "./pages.mjs";

const NARROW = ["results", "page"];

const [address, browser, folder] = process.argv.slice(2);
const visitor = await Visitor.at(address, browser);
const take = async (name, path, options) => {
  const page = await visitor.open(path, options);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.context().close();
};
for (const [name, path] of Object.entries(await everyPage(address))) {
  for (const colorScheme of ["light", "dark"]) await take(`${name}-${colorScheme}`, path, { colorScheme });
  if (NARROW.includes(name)) await take(`${name}-narrow`, path, { viewport: { width: 360, height: 780 } });
}
await visitor.browser.close();
