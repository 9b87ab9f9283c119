// The pages follow the dark theme of the system and print in black on white.
import { expect } from "../harness.mjs";

const brightness = (page) =>
  page.evaluate(() => {
    const sum = (colour) => colour.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b);
    const style = getComputedStyle(document.body);
    return { paper: sum(style.backgroundColor), ink: sum(style.color) };
  });

export default async function (visitor) {
  for (const [colorScheme, isDark] of [["light", false], ["dark", true]]) {
    const page = await visitor.open("/?q=barge+state", { colorScheme });
    const { paper, ink } = await brightness(page);
    expect(isDark === paper < ink, `${colorScheme}: paper ${paper}, ink ${ink}`);
    await page.emulateMedia({ media: "print" });
    const print = await brightness(page);
    expect(print.paper === 765 && print.ink === 0, `${colorScheme}, printed: ${JSON.stringify(print)}`);
    expect(!(await page.getByRole("navigation", { name: "Site" }).isVisible()), "menus are not printed");
    expect(await page.locator(".hit").first().isVisible(), "hits are printed");
    await page.context().close();
  }
}
