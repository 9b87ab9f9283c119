"""nDCG@10 and recall@10 of ranked documents, the means over all questions of a set."""

import math

import texts


def score(judged, ranked):
    """`ranked` has the ids of a question's documents, best first."""
    gains = [judged.get(document, 0) for document in ranked[:10]]
    ideal = sorted(judged.values(), reverse=True)[:10]
    relevant = sum(1 for relevance in judged.values() if relevance > 0)
    discounted = lambda values: sum(value / math.log2(place + 2) for place, value in enumerate(values))
    return discounted(gains) / discounted(ideal), sum(1 for gain in gains if gain > 0) / relevant


def measure(sets, index):
    """Scores what `index` makes of each set: it gets the documents' ids and texts, and returns a function that takes the
    questions and returns ten ids for each."""
    scores = {}
    for folder in sets:
        documents, asked, judged = texts.labelled(folder)
        search = index(list(documents), list(documents.values()))
        found = [score(judged[question], ranked) for question, ranked in zip(asked, search(list(asked.values())))]
        means = [sum(values) / len(found) for values in zip(*found)]
        scores[folder.rsplit("/", 1)[-1]] = {"ndcg@10": means[0], "recall@10": means[1], "questions": len(found)}
    return scores


def nearest(ids, vectors):
    """A search among unit vectors, for `measure`; the questions must have been embedded."""

    def search(questions):
        order = (questions @ vectors.T).argsort(axis=1)[:, ::-1][:, :10]
        return [[ids[place] for place in places] for places in order]

    return search
