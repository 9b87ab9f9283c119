// Documents that try to run scripts or to overload the browser: they are shown and do nothing.
import { expect } from "../harness.mjs";

const SOURCES = ["evil/attack.md", "evil/long-page.md", "evil/wide-table.md"];

export default async function (visitor) {
  for (const source of SOURCES) {
    const page = await visitor.open(`/d/${source}`);
    await page.locator(".prose").waitFor();
    const found = await page.evaluate(() => {
      const elements = [...document.querySelectorAll("*")];
      const handlers = (element) => element.getAttributeNames().filter((name) => name.startsWith("on") || name === "style");
      return {
        ran: window.ran ?? [],
        scripts: document.scripts.length,
        handlers: elements.flatMap(handlers),
        embedded: document.querySelectorAll(".prose :is(iframe, object, embed, form, input, link, meta, base, svg, math)").length,
        links: [...document.querySelectorAll(".prose a[href]")].map((link) => link.protocol),
        words: document.querySelector(".prose").innerText.length,
      };
    });
    const { ran, scripts, handlers, embedded, links, words } = found;
    expect(ran.length === 0, `${source} ran ${ran}`);
    expect(scripts === 1, `${source}: ${scripts} scripts`);
    expect(handlers.length === 0, `${source}: attributes ${handlers}`);
    expect(embedded === 0, `${source}: ${embedded} embedded elements`);
    expect(links.every((one) => ["https:", "http:", "mailto:"].includes(one)), `${source}: links to ${links}`);
    expect(words > 50, `${source} shows ${words} characters`);
    await visitor.checkWidth(page, source);
    await page.setViewportSize({ width: 360, height: 800 });
    await visitor.checkWidth(page, `${source}, narrow`);
    await page.context().close();
  }
  const page = await visitor.open("/?q=attack+supervisor");
  await page.locator(".hit").first().waitFor();
  await page.locator(".hit h3 a").first().click();
  await page.locator(".prose").waitFor();
  await visitor.checkAccessibility(page, "a hostile passage");
}
