"""Times of single questions."""

import time


def latencies(ask, questions, warm_up=20):
    """The median and the 99th percentile of the milliseconds that `ask` takes for each question, and how many were asked."""
    for question in questions[:warm_up]:
        ask(question)
    taken = []
    for question in questions:
        started = time.perf_counter()
        ask(question)
        taken.append((time.perf_counter() - started) * 1000)
    taken.sort()
    return {"p50": taken[len(taken) // 2], "p99": taken[len(taken) * 99 // 100], "questions": len(taken)}
