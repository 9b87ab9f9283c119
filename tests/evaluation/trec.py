"""Scores a run with TREC's own program; prints the metrics of each question under the names of `mcdewey eval`."""

import json
import sys

import pytrec_eval

qrels_path, run_path = sys.argv[1:]
with open(qrels_path, encoding="utf-8") as lines:
    qrels = pytrec_eval.parse_qrel(lines)
with open(run_path, encoding="utf-8") as lines:
    run = pytrec_eval.parse_run(lines)

# TREC's reciprocal rank has no cut-off: it gets only the first ten documents.
first = {q: dict(sorted(hits.items(), key=lambda hit: -hit[1])[:10]) for q, hits in run.items()}
whole = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "recall.10"}).evaluate(run)
ranks = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(first)
metrics = {
    q: {"ndcg@10": whole[q]["ndcg_cut_10"], "recall@10": whole[q]["recall_10"], "mrr@10": ranks[q]["recip_rank"]}
    for q in whole
}
print(json.dumps(metrics))
