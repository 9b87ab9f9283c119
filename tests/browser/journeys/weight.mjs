// The size of the search page as transferred, with all its assets.
import { expect } from "../harness.mjs";

const MAX_BYTES = 60 * 1024;

export default async function (visitor) {
  for (const path of ["/", "/?q=barge+state+in+CCX"]) {
    const page = await visitor.open("/healthz");
    const requests = [];
    page.on("requestfinished", (request) => requests.push(request));
    await page.goto(visitor.address + path, { waitUntil: "networkidle" });
    const sizes = await Promise.all(requests.map((request) => request.sizes()));
    const bytes = sizes.reduce((sum, { responseBodySize, responseHeadersSize }) => sum + responseBodySize + responseHeadersSize, 0);
    console.log(JSON.stringify({ path, requests: requests.length, bytes }));
    const kinds = new Set(requests.map((request) => request.resourceType()));
    for (const kind of ["document", "stylesheet", "script"]) expect(kinds.has(kind), `${path}: no ${kind} was sent`);
    expect(bytes > 8000, `${path}: ${bytes} bytes are too few: something came from a cache`);
    expect(bytes < MAX_BYTES, `${path}: ${bytes} bytes, but at most ${MAX_BYTES} are allowed`);
    await page.context().close();
  }
}
