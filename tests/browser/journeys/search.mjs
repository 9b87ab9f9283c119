// Types a question, opens a hit, reads it in its document, turns the page, and goes back step by step.
import { expect } from "../harness.mjs";

export default async function (visitor) {
  const page = await visitor.open("/");
  const box = page.getByRole("searchbox", { name: "Search the docs" });
  await box.pressSequentially("barge state in CCX", { delay: 30 });
  const first = page.locator(".hit").first();
  await first.getByText("Page 118").waitFor();
  await page.waitForURL((url) => url.searchParams.get("q") === "barge state in CCX");
  expect(await box.evaluate((element) => element === document.activeElement), "the box keeps the focus");
  expect((await box.inputValue()) === "barge state in CCX", "the box keeps the question");
  expect((await first.locator("mark").count()) > 0, "words of the question are highlighted");
  expect((await first.innerText()).includes("v12.5"), "the hit names its version");

  await first.getByRole("heading").getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: "Page 118" }).waitFor();
  await page.getByRole("link", { name: "View in doc context" }).click();
  await page.waitForURL(/\?page=118#p-\d+$/);
  const passage = page.locator(":target");
  const box118 = await passage.boundingBox();
  expect(box118.y >= 0 && box118.y < 900, `the passage is not scrolled into view: y is ${box118.y}`);

  await page.locator("nav.pages").first().getByRole("link", { name: "Page 119" }).click();
  await page.waitForURL(/\?page=119$/);
  await page.goBack();
  await page.waitForURL(/\?page=118#p-\d+$/);
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Page 118" }).waitFor();
  await page.goBack();
  await page.locator(".hit").first().getByText("Page 118").waitFor();

  await page.getByRole("searchbox").fill("cBarge softkey in CUCM");
  await page.locator(".hit").first().getByText("Also appears in").waitFor();
  await page.locator(".hit h3 a").first().click();
  const elsewhere = page.locator(".also");
  await elsewhere.getByText("Also appears in").waitFor();
  await elsewhere.getByRole("link").first().click();
  await page.locator(".facts").getByText("14", { exact: true }).waitFor();

  await page.goto(`${visitor.address}/`);
  await page.getByRole("searchbox").fill("how do I bake sourdough bread");
  await page.getByText("No good match").first().waitFor();
}
