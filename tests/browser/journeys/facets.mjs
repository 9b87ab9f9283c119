// Filters, modes and further pages are links: they can be shared, and lead back.
import { expect } from "../harness.mjs";

const versions = (page) => page.locator(".hits .badge.version").allInnerTexts();

export default async function (visitor) {
  const page = await visitor.open("/?q=call");
  const before = await page.locator(".hit").count();
  await page.locator(".facets").getByRole("link", { name: /^v12\.5/ }).first().click();
  await page.waitForURL(/version=v12\.5/);
  expect((await page.locator(".hit").count()) > 0, "there are hits of the release");
  for (const version of await versions(page)) expect(version === "v12.5", `a hit of ${version} under v12.5`);

  const shared = await visitor.open(page.url().slice(visitor.address.length));
  const titles = (one) => one.locator(".hit h3").allInnerTexts();
  expect((await titles(shared)).join() === (await titles(page)).join(), "a shared search shows the same");
  await shared.context().close();

  await page.getByRole("link", { name: /12\.5.*remove/ }).click();
  await page.waitForURL((url) => !url.searchParams.has("version"));
  expect((await page.locator(".hit").count()) === before, "without the filter all is as it was");

  await page.getByRole("combobox", { name: "Search by" }).selectOption("keyword");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/mode=keyword/);
  const here = await titles(page);
  await page.getByRole("link", { name: "More results" }).click();
  await page.waitForURL(/cursor=/);
  const next = await titles(page);
  expect(next.length > 0 && !next.some((title, place) => title === here[place]), "the next hits are others");
  await page.getByRole("link", { name: "First results" }).click();
  await page.waitForURL((url) => !url.searchParams.has("cursor"));
  expect((await titles(page)).join() === here.join(), "and the first ones are back");

  await page.getByRole("link", { name: "Why these hits?" }).click();
  await page.getByText("By meaning").first().waitFor();
}
