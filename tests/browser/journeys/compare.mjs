// From the library to what changed between two releases, in words and in cells, and to what changed about a question.
import { expect } from "../harness.mjs";

export default async function (visitor) {
  const page = await visitor.open("/library");
  await page.getByLabel("Show only what has").fill("finesse");
  expect((await page.locator(".product:visible").count()) === 1, "the filter leaves one product");
  await page.getByRole("link", { name: "What changed from v12.5 to v15.0" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  const changes = page.locator(".change");
  const all = await changes.count();
  expect(all > 5, `${all} changes`);
  for (const kind of ["ins", "del"]) expect((await page.locator(`.diff ${kind}`).count()) > 0, `nothing in ${kind}`);

  await page.getByLabel("Only what has to do with").fill("barge");
  await page.getByRole("button", { name: "Compare" }).click();
  await page.waitForURL(/q=barge/);
  const about = await changes.count();
  expect(about > 0 && about <= all, `${about} of ${all} changes are about the question`);
  expect((await changes.first().innerText()).toLowerCase().includes("barge"), "the first one is about it");

  await changes.first().locator(".places a").first().click();
  await page.getByRole("link", { name: "View in doc context" }).click();
  await page.getByRole("link", { name: /^What change/ }).click();
  await page.locator(".change").first().waitFor();
}
