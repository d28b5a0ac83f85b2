"""Scores random label lists with scikit-learn, for src/metrics/labels to reproduce. See README.md.

    python make.py --count 400 --seed 1 --out cases.json
    python make.py --count 12 --seed 7 --out tests/reference/labels/expected.json
"""

import argparse
import json
import random
import warnings

from sklearn.metrics import accuracy_score, f1_score, hamming_loss, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

LABELS = ["joy", "anger", "fear", "surprise", "disgust", "sadness", "no emotion", "Überraschung", "a,b", "喜び"]


def some(rng, labels, chance):
    chosen = [label for label in labels if rng.random() < chance]
    rng.shuffle(chosen)
    return chosen


def corpus(rng):
    labels = rng.sample(LABELS, rng.randint(1, len(LABELS)))
    used = rng.sample(labels, rng.randint(1, len(labels)))
    chance = rng.choice([0.1, 0.3, 0.6])
    golds = [some(rng, used, chance) for _ in range(rng.randint(1, 8))]
    outputs = [[label for label in labels if (label in gold) != (rng.random() < chance / 2)] for gold in golds]
    given = rng.random() < 0.5
    classes = labels if given else sorted({label for row in golds + outputs for label in row})
    # One column scikit-learn would take for two classes, of which one is "no".
    if len(classes) < 2:
        return corpus(rng)
    encoder = MultiLabelBinarizer(classes=classes)
    gold, output = encoder.fit_transform(golds), encoder.transform(outputs)
    precision, recall, f1, support = precision_recall_fscore_support(gold, output, average=None, zero_division=0)
    micro = precision_recall_fscore_support(gold, output, average="micro", zero_division=0)
    return {
        "labels": labels if given else None,
        "golds": [", ".join(row) for row in golds],
        "outputs": [", ".join(row) for row in outputs],
        "microPrecision": micro[0],
        "microRecall": micro[1],
        "microF1": micro[2],
        "macroF1": f1_score(gold, output, average="macro", zero_division=0),
        "subsetAccuracy": accuracy_score(gold, output),
        "hammingLoss": hamming_loss(gold, output),
        "rows": [list(row) for row in zip(classes, precision.tolist(), recall.tolist(), f1.tolist(), support.tolist())],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = random.Random(args.seed)
    cases = [corpus(rng) for _ in range(args.count)]
    with open(args.out, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False, default=float) for case in cases) + "\n]\n")


main()
