// From the library to the changes between two versions, in words and table cells, and to those about a question.
import { expect } from "../harness.mjs";

export default async function (visitor) {
  const page = await visitor.open("/library");
  await page.getByLabel("Filter products").fill("finesse");
  expect((await page.locator(".product:visible").count()) === 1, "the filter leaves one product");
  await page.getByRole("link", { name: "Changes from v12.5 to v15.0" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  const changes = page.locator(".change");
  const all = await changes.count();
  expect(all > 5, `${all} changes`);
  for (const kind of ["ins", "del"]) expect((await page.locator(`.diff ${kind}`).count()) > 0, `no ${kind} element`);

  await page.getByLabel("Only changes about").fill("barge");
  await page.getByRole("button", { name: "Compare" }).click();
  await page.waitForURL(/q=barge/);
  const about = await changes.count();
  expect(about > 0 && about <= all, `${about} of ${all} changes are about the question`);
  expect((await changes.first().innerText()).toLowerCase().includes("barge"), "the first change is about the question");

  await changes.first().locator(".places a").first().click();
  await page.getByRole("link", { name: "View in doc context" }).click();
  await page.getByRole("link", { name: /^Changes (since|in) the/ }).click();
  await page.locator(".change").first().waitFor();
}
