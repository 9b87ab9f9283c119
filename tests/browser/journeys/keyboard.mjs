// Without a mouse: every control can be reached, shows its focus, and works.
import { expect } from "../harness.mjs";

const focused = (page) =>
  page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    const { tagName, textContent } = document.activeElement;
    return { tagName, text: textContent.trim(), outline: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
  });

async function tabThrough(page, wanted) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    const { tagName, text, outline } = await focused(page);
    if (tagName === "BODY") break;
    expect(outline, `${tagName} ${text.slice(0, 40)} does not show its focus`);
    if (wanted && text.includes(wanted)) return;
  }
  expect(!wanted, `${wanted} cannot be reached`);
}

export default async function (visitor) {
  const page = await visitor.open("/library");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  expect((await skip.boundingBox()).x >= 0, "the first link skips the menu and is visible");
  await page.keyboard.press("Enter");
  expect((await focused(page)).tagName === "MAIN", "the link moves the focus to the content");

  await page.keyboard.press("/");
  await page.keyboard.type("barge state in CCX");
  await page.keyboard.press("Enter");
  await page.locator(".hit").first().waitFor();
  await tabThrough(page);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("j");
  const [first, second] = (await page.locator(".hit h3 a").allInnerTexts()).map((text) => text.trim());
  expect((await focused(page)).text === first, "j selects the first hit");
  await page.keyboard.press("j");
  expect((await focused(page)).text === second, "j selects the next hit");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Page 118" }).waitFor();
  await tabThrough(page, "View in doc context");
  await page.keyboard.press("Enter");
  await page.waitForURL(/page=118/);
  await tabThrough(page, "Page 119");
  await page.keyboard.press("Enter");
  await page.waitForURL(/page=119/);
  await page.goto(`${visitor.address}/compare?from=v12.5&to=v15.0&product=finesse`);
  await tabThrough(page);
}
