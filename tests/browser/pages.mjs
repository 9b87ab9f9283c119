// Every kind of page, over the sample library.
// The paths of the first hit: fixed ones would depend on how the sample library is split into chunks.
export async function firstHit(address, question = "barge state in CCX") {
  const response = await fetch(`${address}/api/v1/search?limit=1&q=${encodeURIComponent(question)}`);
  const [hit] = (await response.json()).hits;
  return { chunk: new URL(hit.url).pathname, page: new URL(hit.page_url).pathname + new URL(hit.page_url).search };
}

export async function everyPage(address) {
  const hit = await firstHit(address);
  return {
    home: "/",
    results: "/?q=barge+state+in+CCX",
    why: "/?q=barge+state+in+CCX&explain=1",
    "no-answer": "/?q=how+do+I+bake+sourdough+bread",
    passage: hit.chunk,
    page: hit.page,
    code: (await firstHit(address, "XML of a dialog with its participants in Finesse 12.5")).page,
    library: "/library",
    "compare-choice": "/compare",
    compare: "/compare?from=v12.5&to=v15.0&product=finesse",
    connect: "/connect",
    "api-docs": "/api/docs",
    status: "/status",
    "not-found": "/nothing",
  };
}
