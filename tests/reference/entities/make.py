"""Scores random sequences of tags with seqeval, for src/metrics/entities to reproduce. See README.md.

    python make.py --count 2000 --seed 1 --out cases.json
    python make.py --count 60 --seed 7 --out tests/reference/entities/expected.json
"""

import argparse
import json
import random
import warnings

from seqeval.metrics import accuracy_score, f1_score
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
from seqeval.metrics.v1 import precision_recall_fscore_support as strict
from seqeval.scheme import BILOU, IOB2, IOBES, IOE2

SCHEMES = {None: "BIESO", "IOB2": "BIO", "IOE2": "IEO", "IOBES": "BIESO", "BILOU": "BILUO"}
CLASSES = {"IOB2": IOB2, "IOE2": IOE2, "IOBES": IOBES, "BILOU": BILOU}
TYPES = ["PER", "LOC", "B-NP", "Ort", "組織"]


def tag(rng, prefixes, types, outside):
    if rng.random() < outside:
        return "O"
    prefix = rng.choice(prefixes.replace("O", ""))
    kind = rng.choice(types)
    return f"{prefix}-{kind}" if kind else prefix


def corpus(rng, scheme):
    types = rng.sample(TYPES, rng.randint(1, 3)) + ([""] if rng.random() < 0.2 else [])
    outside, noise = rng.choice([0.1, 0.4, 0.8]), rng.choice([0.1, 0.4, 0.9])
    golds = [[tag(rng, SCHEMES[scheme], types, outside) for _ in range(rng.randint(1, 9))] for _ in range(rng.randint(1, 6))]
    outputs = [[tag(rng, SCHEMES[scheme], types, outside) if rng.random() < noise else t for t in gold] for gold in golds]
    return golds, outputs


def scores(golds, outputs, scheme):
    options = {"mode": "strict", "scheme": CLASSES[scheme]} if scheme else {}
    f1 = {average: f1_score(golds, outputs, average=average, **options) for average in ("micro", "macro", "weighted")}
    if scheme:
        rows = strict(golds, outputs, average=None, scheme=CLASSES[scheme])
        micro = strict(golds, outputs, average="micro", scheme=CLASSES[scheme])
    else:
        rows = precision_recall_fscore_support(golds, outputs, average=None)
        micro = precision_recall_fscore_support(golds, outputs, average="micro")
    return {
        "f1": float(f1["micro"]),
        "macroF1": float(f1["macro"]),
        "weightedF1": float(f1["weighted"]),
        "precision": float(micro[0]),
        "recall": float(micro[1]),
        "accuracy": float(accuracy_score(golds, outputs)),
        "types": [[float(p), float(r), float(f), int(n)] for p, r, f, n in zip(*rows)],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = random.Random(args.seed)
    cases = []
    for number in range(args.count):
        scheme = list(SCHEMES)[number % len(SCHEMES)]
        golds, outputs = corpus(rng, scheme)
        expected = scores(golds, outputs, scheme)
        while not expected["types"]:  # without any entity seqeval's averages are no numbers
            golds, outputs = corpus(rng, scheme)
            expected = scores(golds, outputs, scheme)
        lines = [[" ".join(tags) for tags in side] for side in (golds, outputs)]
        cases.append({"scheme": scheme, "golds": lines[0], "outputs": lines[1], "expected": expected})
    with open(args.out, "w", encoding="utf-8") as file:
        json.dump(cases, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


main()
