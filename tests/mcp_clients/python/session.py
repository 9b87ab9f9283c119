"""Simulates an agent that answers a question with citations: list, search, read, cite. Prints calls and results with their
token counts, as the Markdown of docs/mcp.md.

Usage: python session.py http://127.0.0.1:8080/mcp TOKENIZER.json      (needs the package tokenizers beside mcp)
"""

import asyncio
import json
import sys

from mcp.client import Client
from tokenizers import Tokenizer

STEPS = [
    ("What is there?", "list_library", {"product": "finesse", "token_budget": 600}),
    ("Where is it?", "search_docs", {"query": "barge state in CCX", "detail": "concise", "limit": 4}),
    ("What does it say exactly?", "read_doc", None),
    ("Is it the same in the next version?", "compare_versions", {"from": "12.5", "to": "15.0", "product": "finesse", "query": "barge state", "token_budget": 1500}),
]


async def main(url, tokenizer):
    tokenizer = Tokenizer.from_file(tokenizer)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    count = lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
    async with Client(url) as client:
        tools = (await client.list_tools()).tools
        parts = [[tool.description, json.dumps(tool.input_schema), json.dumps(tool.output_schema)] for tool in tools]
        total = sum(count(part) for tool in parts for part in tool)
        print(f"Before the first question: {len(tools)} tools, {total} tokens of descriptions and schemas.\n")
        hit = None
        for why, name, arguments in STEPS:
            arguments = arguments or {"id": hit["handle"]}
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result
            if name == "search_docs":
                hit = result.structured_content["hits"][0]
            text = result.content[0].text
            total += count(text)
            shown = text if len(text) < 1600 else text[:1600].rsplit("\n", 1)[0] + "\n…"
            print(f"**{why}** `{name}` `{json.dumps(arguments)}`: {count(text)} tokens\n")
            print("\n".join("    " + line for line in shown.splitlines()) + "\n")
        page = f"{hit['headings'][0]}, {hit['version']}, page {hit['page']}"
        print(f"**The answer cites** “{page}” <{hit['url']}>. In all: {total} tokens.")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python session.py URL TOKENIZER.json")
    asyncio.run(main(*sys.argv[1:]))
