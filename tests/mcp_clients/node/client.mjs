// Queries a running server through the official TypeScript clients: version 2 in both eras of the protocol, version 1 in
// the older one, the only one it supports.
//
// Usage: node client.mjs http://127.0.0.1:8080/mcp
//        node client.mjs --stdio mcdewey mcp
//
// Prints one line of JSON for each: protocol version, tools, first hit, text read, library. The clients validate every
// structured content against the tool's output schema and fail if it does not match.

import assert from "node:assert/strict";

import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";

const QUESTION = "barge state in CCX";
const NEW = "2026-07-28";
const OLD = "2025-11-25";
const ABOUT = { name: "mcdewey-tests", version: "1.0.0" };

const CLIENTS = [
  { client: "typescript client", Client: ClientV2, Http: HttpV2, Stdio: StdioV2, era: NEW, mode: { pin: NEW } },
  { client: "typescript client", Client: ClientV2, Http: HttpV2, Stdio: StdioV2, era: NEW, mode: "auto" },
  { client: "typescript client", Client: ClientV2, Http: HttpV2, Stdio: StdioV2, era: OLD, mode: "legacy" },
  { client: "typescript sdk", Client: ClientV1, Http: HttpV1, Stdio: StdioV1, era: OLD },
];

async function call(client, name, args) {
  const result = await client.callTool({ name, arguments: args });
  const text = result.content.map((block) => block.text).join("\n");
  assert.ok(!result.isError, `${name} failed: ${text}`);
  return { structured: result.structuredContent, text };
}

async function query(server, { client: label, Client, Http, Stdio, era, mode }) {
  const client = new Client(ABOUT, mode ? { versionNegotiation: { mode } } : {});
  const transport = typeof server === "string" ? new Http(new URL(server)) : new Stdio(server);
  await client.connect(transport);
  try {
    const { tools } = await client.listTools();
    const hit = (await call(client, "search_docs", { query: QUESTION })).structured.hits[0];
    const around = await call(client, "read_doc", { id: hit.chunk_id, context: 1 });
    assert.ok(around.structured.parts.some((part) => part.chunk_id === hit.chunk_id));
    const read = await call(client, "read_doc", { source: hit.source, page: String(hit.page) });
    const library = await call(client, "list_library", {});
    const page = await client.readResource({ uri: `mcdewey://${hit.source}/page/${hit.page}` });
    assert.ok(page.contents[0].text);
    const rejected = await client.callTool({
      name: "search_docs",
      arguments: { query: QUESTION, version: "no such release" },
    });
    assert.ok(rejected.isError && rejected.content[0].text.includes("unknown_version"));
    // Version 1 of the SDK does not report it on standard input and output; it supports one era only.
    const spoken = client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion ?? era;
    assert.equal(spoken, era);
    return {
      client: label,
      mode: mode ?? null,
      era: spoken,
      server: client.getServerVersion()?.name,
      tools: tools.map((tool) => tool.name),
      first_hit: hit,
      read: read.text,
      library: library.text,
    };
  } finally {
    await client.close();
  }
}

const [first, command, ...args] = process.argv.slice(2);
if (!first || (first === "--stdio" && !command)) {
  console.error("usage: node client.mjs URL | --stdio COMMAND ARGUMENT…");
  process.exit(2);
}
const server = first === "--stdio" ? { command, args } : first;
for (const one of CLIENTS) {
  console.log(JSON.stringify(await query(server, one)));
}
