// What the search page weighs as it is sent, with all that belongs to it.
import { expect } from "../harness.mjs";

const MOST_BYTES = 60 * 1024;

export default async function (visitor) {
  for (const path of ["/", "/?q=barge+state+in+CCX"]) {
    const page = await visitor.open("/nothing-but-a-start");
    const requests = [];
    page.on("requestfinished", (request) => requests.push(request));
    await page.goto(visitor.address + path, { waitUntil: "networkidle" });
    const sizes = await Promise.all(requests.map((request) => request.sizes()));
    const bytes = sizes.reduce((sum, { responseBodySize, responseHeadersSize }) => sum + responseBodySize + responseHeadersSize, 0);
    console.log(JSON.stringify({ path, requests: requests.length, bytes }));
    expect(requests.length >= 1 && bytes > 1000, `${path}: ${bytes} bytes are too few to be true`);
    expect(bytes < MOST_BYTES, `${path}: ${bytes} bytes, ${MOST_BYTES} are allowed`);
    await page.context().close();
  }
  visitor.problems = visitor.problems.filter((problem) => !problem.includes("status of 404"));
}
