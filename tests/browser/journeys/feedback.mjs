// Feedback on a hit; the test in browser.rs checks what the server stored.
import { expect } from "../harness.mjs";

export default async function (visitor) {
  const page = await visitor.open("/?q=barge+state+in+CCX&product=finesse&version=v12.5");
  const first = page.locator(".hit").first();
  await first.getByRole("button", { name: "Yes, this page is helpful" }).click();
  await first.getByRole("status").getByText("Thanks for your feedback").waitFor();
  expect((await first.getByRole("button").count()) === 0, "feedback can be sent once");
  await page.getByRole("button", { name: "None of these are helpful" }).click();
  await page.locator("form.judge").getByText("Thanks for your feedback").waitFor();
  await visitor.checkAccessibility(page, "after feedback on a hit");
  await page.goto(`${visitor.address}/status`);
  await page.getByText("a reader found no helpful result").waitFor();
}
