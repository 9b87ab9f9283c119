// Everything works without scripts: each step is a page.
import { expect } from "../harness.mjs";

export default async function (visitor) {
  const page = await visitor.open("/", { javaScriptEnabled: false });
  await page.getByRole("searchbox").fill("barge state in CCX");
  await page.getByRole("button", { name: "Search" }).click();
  await page.locator(".hit").first().getByText("Page 118").waitFor();

  await page.getByRole("button", { name: "Yes, this page is helpful" }).first().click();
  await page.getByRole("heading", { name: "Thanks for your feedback" }).waitFor();
  await page.getByRole("link", { name: "Back to results" }).click();

  await page.locator(".hit h3 a").first().click();
  await page.getByRole("link", { name: "View in doc context" }).click();
  await page.getByRole("link", { name: /^Page 119/ }).first().click();
  await page.waitForURL(/page=119/);
  await page.getByLabel("Page", { exact: true }).fill("118");
  await page.getByRole("button", { name: "Go" }).click();
  await page.waitForURL(/page=118/);
  await page.getByRole("searchbox", { name: "Search this document" }).fill("NOT_READY");
  await page.locator("form.search button").click();
  await page.waitForURL(/source=/);
  expect((await page.locator(".hit").count()) > 0, "a search within the guide finds something");

  await page.getByRole("link", { name: "Library", exact: true }).click();
  expect(!(await page.getByLabel("Filter products").isVisible()), "controls that need scripts are hidden");
  await page.getByRole("link", { name: /^Changes from v12\.5/ }).click();
  expect((await page.locator(".change").count()) > 0, "there are changes");
  await page.getByRole("link", { name: "Status", exact: true }).click();
  await page.getByText("unanswered").first().waitFor();
}
