"""A client built from the OpenAPI description alone: it finds operations by id, builds requests from their parameters, and
checks responses against the schemas. Prints its results as JSON."""

import json
import sys
import urllib.parse
import urllib.request


class Client:
    def __init__(self, description_url):
        with urllib.request.urlopen(description_url) as answer:
            self.description = json.load(answer)
        self.server = self.description["servers"][0]["url"]
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self.description["paths"].items()
            for method, operation in methods.items()
        }

    def call(self, operation_id, **arguments):
        method, path, operation = self.operations[operation_id]
        query, headers = [], {}
        for parameter in operation["parameters"]:
            name = parameter["name"]
            if name not in arguments:
                assert not parameter["required"], f"{operation_id} needs {name}"
                continue
            value = arguments.pop(name)
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", urllib.parse.quote(str(value)))
            elif parameter["in"] == "header":
                headers[name] = value
            else:
                query += [(name, one) for one in (value if isinstance(value, list) else [value])]
        body = None
        if "requestBody" in operation:
            body = json.dumps(arguments).encode()
        else:
            assert not arguments, f"{operation_id} does not take {arguments}"
        url = self.server + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, data=body, headers=headers, method=method.upper())
        if body is not None:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            found = json.load(answer)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        self.check(found, schema, operation_id)
        return found

    def check(self, value, schema, location):
        """Checks that all required members are present."""
        if "$ref" in schema:
            schema = self.description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        for name in schema.get("required", []):
            assert name in value, f"{location} lacks {name}"
            self.check(value[name], schema["properties"][name], f"{location}.{name}")
        if schema.get("type") == "array" and isinstance(value, list):
            for number, one in enumerate(value):
                self.check(one, schema["items"], f"{location}[{number}]")


client = Client(sys.argv[1])
hit = client.call("search", q="barge state in CCX", limit=3, product=["finesse"])["hits"][0]
posted = client.call("searchByBody", q="barge state in CCX", limit=3, product="finesse")["hits"][0]
batch = client.call("searchBatch", searches=[{"q": "barge state in CCX"}, {"q": ""}])["answers"]
chunk = client.call("getChunk", chunk_id=hit["handle"], context=1)
page = client.call("getDocument", source=hit["source"], page=hit["page"])
library = client.call("getLibrary")
changes = client.call("compare", **{"from": "12.5", "to": "15.0", "product": ["finesse"]})
print(
    json.dumps(
        {
            "page": hit["page"],
            "posted": posted["chunk_id"] == hit["chunk_id"],
            "batch": [sorted(one) for one in batch],
            "chunk": chunk["chunk"]["chunk_id"] == hit["chunk_id"],
            "text": hit["text"] in page["text"],
            "documents": library["documents"],
            "changes": len(changes["changes"]),
        }
    )
)
