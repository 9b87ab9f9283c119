// A word on a hit, in passing; the test looks at what was kept.
import { expect } from "../harness.mjs";

export default async function (visitor) {
  const page = await visitor.open("/?q=barge+state+in+CCX&product=finesse&version=v12.5");
  const first = page.locator(".hit").first();
  await first.getByRole("button", { name: "This page answers it" }).click();
  await first.getByRole("status").getByText("Thank you, noted").waitFor();
  expect((await first.getByRole("button").count()) === 0, "once is enough");
  await page.getByRole("button", { name: "None of these answers it" }).click();
  await page.locator("form.judge").getByText("Thank you, noted").waitFor();
  await visitor.judge(page, "after a word on a hit");
  await page.goto(`${visitor.address}/status`);
  await page.getByText("a reader found no answer among the hits").waitFor();
}
