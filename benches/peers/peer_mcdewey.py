"""McDewey: the speed of an ingest from its own report, questions over HTTP to a running server, and its quality from `eval`."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

import texts
from timing import latencies

PASSAGES_PER_FILE = 20
START = 120  # seconds within which the server must answer


def measure(settings):
    folder = Path(settings["folder"]) / "mcdewey"
    shutil.rmtree(folder, ignore_errors=True)
    write_library(folder / "corpus", texts.passages(settings["texts"], settings["passages"]))

    run = Program(settings, folder)
    run(["models", "--fetch"])
    run(["models", "--graph", str(Path(settings["folder"]) / "model.onnx")])
    report = json.loads(run(["ingest", "--json"]))
    assert not report["skipped"], report["skipped"]

    with Server(run) as server:
        asked = texts.questions(settings["texts"], settings["questions"])
        modes = {mode: latencies(lambda text: server.search(text, mode), asked) for mode in ("hybrid", "keyword", "dense")}

    return {
        "version": run(["--version"]).strip(),
        "flags": settings["flags"],
        "tokens": report["tokens"],
        "seconds": report["seconds"],
        "chunks": report["chunks"],
        "http": modes,
        "quality": quality(run, settings),
    }


def write_library(folder, passages):
    folder.mkdir(parents=True)
    for first in range(0, len(passages), PASSAGES_PER_FILE):
        number = first // PASSAGES_PER_FILE
        text = f"# Guide {number}\n"
        for place, passage in enumerate(passages[first : first + PASSAGES_PER_FILE]):
            text += f"\n## Topic {place + 1}\n\n{passage}\n"
        (folder / f"guide-{number}.md").write_text(text, encoding="utf-8")


def quality(run, settings):
    """The metrics of each labelled set and mode. The repository's own questions come first, with the floors that hold for
    them: `eval` fails below one."""
    repository = Path(settings["repository"])
    own = ["--corpus", str(repository / "corpus"), "--data-dir", str(run.folder / "own")]
    run(["ingest", *own])
    tests = [str(repository / "tests" / name) for name in ("relevance.jsonl", "unanswerable.jsonl")]
    run(["eval", *tests, "--gate", str(repository / "tests/gate.toml"), *own])
    if not settings["labelled"]:
        return {}

    rows = json.loads(run(["eval", "--json", *settings["labelled"]]))["rows"]
    scores = {}
    for row in rows:
        assert row["failures"] == 0, row
        scores.setdefault(row["set"], {})[row["mode"]] = {"ndcg@10": row["ndcg@10"], "recall@10": row["recall@10"]}
    return scores


class Program:
    def __init__(self, settings, folder):
        self.folder = folder
        self.models = Path(settings["repository"]) / "models"
        self.program, self.flags = settings["program"], settings["flags"]

    def command(self, arguments):
        places = {"--corpus": "corpus", "--data-dir": "data"}
        given = [self.program, *arguments, *self.flags, "--models-dir", str(self.models)]
        for flag, name in places.items():
            if flag not in arguments:
                given += [flag, str(self.folder / name)]
        return given

    def __call__(self, arguments):
        run = subprocess.run(self.command(arguments), capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(f"mcdewey {' '.join(arguments)}:\n{run.stdout[-2000:]}\n{run.stderr[-2000:]}")
        return run.stdout


class Server:
    def __init__(self, run):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        self.process = subprocess.Popen(run.command(["serve", "--listen", self.address]), stderr=subprocess.DEVNULL)
        self.connection = HTTPConnection(self.address, timeout=30)

    def __enter__(self):
        give_up = time.monotonic() + START
        while True:
            try:
                with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=5):
                    return self
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() > give_up:
                    self.process.kill()
                    raise SystemExit("the server did not become ready")
                time.sleep(0.1)

    def search(self, question, mode):
        self.connection.request("GET", "/api/v1/search?" + urllib.parse.urlencode({"q": question, "mode": mode}))
        response = self.connection.getresponse()
        body = json.loads(response.read())
        assert response.status == 200 and not body.get("degraded"), body
        return body

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
