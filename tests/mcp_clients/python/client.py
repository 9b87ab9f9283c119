"""Queries a running server through the official Python client, in both eras of the protocol.

Usage: python client.py http://127.0.0.1:8080/mcp
       python client.py --stdio mcdewey mcp

Prints one line of JSON for each mode: protocol version, tools, first hit, text read, library.
The client validates every structured content against the tool's output schema and fails if it does not match.
"""

import asyncio
import json
import sys

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

QUESTION = "barge state in CCX"
# Modes of the client, and the protocol version it must negotiate in each.
MODES = {"2026-07-28": "2026-07-28", "auto": "2026-07-28", "legacy": "2025-11-25"}


async def call(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    text = "\n".join(block.text for block in result.content)
    if result.is_error:
        raise SystemExit(f"{name} failed: {text}")
    return result.structured_content, text


async def query(server, mode):
    async with Client(server, mode=mode) as client:
        tools = (await client.list_tools()).tools
        found, _ = await call(client, "search_docs", query=QUESTION)
        hit = found["hits"][0]
        around, _ = await call(client, "read_doc", id=hit["chunk_id"], context=1)
        assert any(part["chunk_id"] == hit["chunk_id"] for part in around["parts"]), around
        _, read = await call(client, "read_doc", source=hit["source"], page=str(hit["page"]))
        _, library = await call(client, "list_library")
        page = await client.read_resource(f"mcdewey://{hit['source']}/page/{hit['page']}")
        assert page.contents[0].text, page
        rejected = await client.call_tool("search_docs", {"query": QUESTION, "version": "no such release"})
        assert rejected.is_error and "unknown_version" in rejected.content[0].text, rejected
        return {
            "client": "python mcp",
            "mode": mode,
            "era": client.protocol_version,
            "server": client.server_info.name if client.server_info else None,
            "tools": [tool.name for tool in tools],
            "first_hit": hit,
            "read": read,
            "library": library,
        }


async def main(server):
    for mode, era in MODES.items():
        answer = await query(server, mode)
        assert answer["era"] == era, answer["era"]
        print(json.dumps(answer))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        asyncio.run(main(sys.argv[1]))
    elif len(sys.argv) > 2 and sys.argv[1] == "--stdio":
        asyncio.run(main(StdioServerParameters(command=sys.argv[2], args=sys.argv[3:])))
    else:
        raise SystemExit("usage: python client.py URL | --stdio COMMAND ARGUMENT…")
