// A question is typed and answered, its hit opened, read in its document, the page turned, and every step taken back.
import { expect } from "../harness.mjs";

export default async function (visitor) {
  const page = await visitor.open("/");
  const box = page.getByRole("searchbox", { name: "Ask in your own words" });
  await box.pressSequentially("barge state in CCX", { delay: 30 });
  const first = page.locator(".hit").first();
  await first.getByText("Page 118").waitFor();
  await page.waitForURL((url) => url.searchParams.get("q") === "barge state in CCX");
  expect(await box.evaluate((element) => element === document.activeElement), "typing goes on in the box");
  expect((await box.inputValue()) === "barge state in CCX", "the question stays in the box");
  expect((await first.locator("mark").count()) > 0, "words of the question stand out");
  expect((await first.innerText()).includes("v12.5"), "the hit names its release");

  await first.getByRole("heading").getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: "Page 118" }).waitFor();
  await page.getByRole("link", { name: "View in doc context" }).click();
  await page.waitForURL(/\?page=118#p-\d+$/);
  const passage = page.locator(":target");
  const box118 = await passage.boundingBox();
  expect(box118.y >= 0 && box118.y < 900, `the passage is scrolled to, it stands at ${box118.y}`);

  await page.locator("nav.pages").first().getByRole("link", { name: "Page 119" }).click();
  await page.waitForURL(/\?page=119$/);
  await page.goBack();
  await page.waitForURL(/\?page=118#p-\d+$/);
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Page 118" }).waitFor();
  await page.goBack();
  await page.locator(".hit").first().getByText("Page 118").waitFor();

  await page.getByRole("searchbox").fill("cBarge softkey in CUCM");
  await page.locator(".hit").first().getByText("Also in").waitFor();
  await page.locator(".hit h3 a").first().click();
  const elsewhere = page.locator(".also");
  await elsewhere.getByText("This passage elsewhere").waitFor();
  await elsewhere.getByRole("link").first().click();
  await page.locator(".facts").getByText("14", { exact: true }).waitFor();

  await page.goto(`${visitor.address}/`);
  await page.getByRole("searchbox").fill("how do I bake sourdough bread");
  await page.getByText("No answer here").first().waitFor();
}
