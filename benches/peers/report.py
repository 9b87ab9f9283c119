"""The quality gate, and the tables in docs/performance.md."""

import datetime
import os
import platform
from pathlib import Path

BEGIN, END = "<!-- peers: begin -->\n", "<!-- peers: end -->"

# Two runs of the same model with other batches, or a tie broken in another way, differ by less.
NOISE = 0.005

# Multiplications and additions for one token: six layers with four square matrices of 384 columns and two of 384 by 1,536.
# Attention itself, about a fifteenth more in passages of 170 tokens, is left out.
OPERATIONS = 2 * 6 * (4 * 384**2 + 2 * 384 * 1536)

EMBEDDERS = {"sentence_transformers": "sentence-transformers", "fastembed": "fastembed (Python), our graph"}
GOALS = {"sentence_transformers": 3.5, "fastembed": 4.0}
KEYWORD = {"bm25s": "bm25s", "tantivy": "tantivy"}


def problems(results):
    """What is worse than it should be. McDewey's own floors (tests/gate.toml) were checked when it was measured."""
    found = []
    product = results["mcdewey"]["quality"]
    compared = [(name, "dense") for name in EMBEDDERS] + [(name, "keyword") for name in KEYWORD]
    compared += [("lancedb", "hybrid")]
    for peer, mode in compared:
        for labelled, scores in results[peer]["quality"].items():
            for metric in ("ndcg@10", "recall@10"):
                ours, theirs = product[labelled][mode][metric], scores[metric]
                if ours < theirs - NOISE:
                    found.append(f"{labelled}: {mode} {metric} is {ours:.3f}, but {theirs:.3f} with {peer}")

    # The same weights: a peer that differs was not set up as its users would.
    first, second = (results[name]["quality"] for name in EMBEDDERS)
    for labelled in first:
        difference = abs(first[labelled]["ndcg@10"] - second[labelled]["ndcg@10"])
        if difference > NOISE:
            found.append(f"{labelled}: the two embedding peers differ by {difference:.3f} in nDCG@10")
    return found


def write(document, results, settings):
    text = Path(document).read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{document} lacks the markers {BEGIN.strip()} and {END}")
    tables = "\n".join([conditions(results, settings), embedding(results), questions(results), peak(results), quality(results)])
    Path(document).write_text(before + BEGIN + tables + END + after, encoding="utf-8")


def conditions(results, settings):
    product = results["mcdewey"]
    flags = f" with `{' '.join(product['flags'])}`" if product["flags"] else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"One run on {datetime.date.today()}, one library after another: {processor()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB of memory; {settings['passages']:,} passages, {settings['questions']:,} questions; "
        f"{product['version']}{flags}.\n"
    )


def processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def speed(result):
    return result["tokens"] / result["seconds"]


def share(results, tokens):
    """What the model's operations for this many tokens a second are of the machine's peaks, in both precisions."""
    rates = results["peak"]["gflops"]
    fp32 = max(rate for name, rate in rates.items() if not name.startswith("int8"))
    int8 = max(rate for name, rate in rates.items() if name.startswith("int8"))
    return " / ".join(f"{tokens * OPERATIONS / peak / 1e9:.0%}" for peak in (fp32, int8))


def embedding(results):
    ours = speed(results["mcdewey"])
    lines = [
        "### Embedding\n",
        "| | tokens a second | McDewey is faster by | goal | share of the machine's peak, fp32 / int8 |",
        "|---|---|---|---|---|",
        f"| McDewey, whole `ingest` | {ours:,.0f} | | | {share(results, ours)} |",
    ]
    for peer, name in EMBEDDERS.items():
        theirs = speed(results[peer])
        version = results[peer]["version"]
        lines.append(f"| {name} {version} | {theirs:,.0f} | {ours / theirs:.1f} × | {GOALS[peer]} × | {share(results, theirs)} |")
    return "\n".join(lines) + "\n"


def questions(results):
    lines = [
        "### Questions\n",
        "One client, one question after another. McDewey's times include HTTP; those of the others are calls of a library.\n",
        "| | p50, ms | p99, ms |",
        "|---|---|---|",
    ]

    def row(name, times):
        lines.append(f"| {name} | {times['p50']:.1f} | {times['p99']:.1f} |")

    for mode, times in results["mcdewey"]["http"].items():
        row(f"McDewey, {mode}", times)
    row(f"LanceDB {results['lancedb']['version']}, hybrid, with the model's time", results["lancedb"]["hybrid"])
    for peer, name in KEYWORD.items():
        row(f"{name} {results[peer]['version']}, keyword", results[peer]["keyword"])
    for peer, name in EMBEDDERS.items():
        row(f"{name}, only the question's vector", results[peer]["question"])
    return "\n".join(lines) + "\n"


def peak(results):
    rates = results["peak"]["gflops"]
    threads = sorted({int(name.split()[1]) for name in rates})
    lines = [
        "### The machine's peak\n",
        "| product of two matrices, 1,024 × 1,024 | " + " | ".join(f"{count} thread{'s' * (count > 1)}" for count in threads) + " |",
        "|---|" + "---|" * len(threads),
    ]
    for kind, name in {
        "numpy": "NumPy, fp32", "fp32": "ONNX Runtime, fp32", "int8": "ONNX Runtime, int8 (`DynamicQuantizeMatMul`)"
    }.items():
        lines.append(f"| {name} | " + " | ".join(f"{rates[f'{kind} {count}']:,.0f} GFLOP/s" for count in threads) + " |")
    return "\n".join(lines) + "\n"


def quality(results):
    product = results["mcdewey"]["quality"]
    if not product:
        return "### Quality\n\nMcDewey's own floors (`tests/gate.toml`) hold; no labelled set was given.\n"

    columns = [("mcdewey", mode) for mode in ("hybrid", "dense", "keyword")]
    columns += [(peer, None) for peer in ("lancedb", *EMBEDDERS, *KEYWORD)]
    names = [f"McDewey {mode}" if mode else peer.replace("_", "-") for peer, mode in columns]
    lines = [
        "### Quality\n",
        "nDCG@10 / recall@10 in the same run; McDewey's own floors (`tests/gate.toml`) hold as well.\n",
        "| set | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for labelled in sorted(product):
        cells = []
        for peer, mode in columns:
            scores = results[peer]["quality"][labelled]
            scores = scores[mode] if mode else scores
            cells.append(f"{scores['ndcg@10']:.3f} / {scores['recall@10']:.3f}")
        lines.append(f"| {labelled} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
