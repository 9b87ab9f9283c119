// Filters, modes and further pages are links: they can be shared and undone.
import { expect } from "../harness.mjs";

const versions = (page) => page.locator(".hits .badge.version").allInnerTexts();

export default async function (visitor) {
  const page = await visitor.open("/?q=call");
  const before = await page.locator(".hit").count();
  await page.locator(".facets").getByRole("link", { name: /^v12\.5/ }).first().click();
  await page.waitForURL(/version=v12\.5/);
  expect((await page.locator(".hit").count()) > 0, "there are hits of this version");
  for (const version of await versions(page)) expect(version === "v12.5", `a hit of ${version} with the filter v12.5`);

  const shared = await visitor.open(page.url().slice(visitor.address.length));
  const titles = (one) => one.locator(".hit h3").allInnerTexts();
  expect((await titles(shared)).join() === (await titles(page)).join(), "a shared search shows the same hits");
  await shared.context().close();

  await page.getByRole("link", { name: /12\.5.*remove/ }).click();
  await page.waitForURL((url) => !url.searchParams.has("version"));
  expect((await page.locator(".hit").count()) === before, "removing the filter restores all hits");

  await page.getByRole("combobox", { name: "Search mode" }).selectOption("keyword");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/mode=keyword/);
  const here = await titles(page);
  await page.getByRole("link", { name: "More results" }).click();
  await page.waitForURL(/cursor=/);
  const next = await titles(page);
  expect(next.length > 0 && !next.some((title, index) => title === here[index]), "the second page has other hits");
  await page.getByRole("link", { name: "First results" }).click();
  await page.waitForURL((url) => !url.searchParams.has("cursor"));
  expect((await titles(page)).join() === here.join(), "the first page has its hits again");

  await page.getByRole("link", { name: "Show ranking details" }).click();
  await page.locator(".why").getByText("Semantic").first().waitFor();
}
