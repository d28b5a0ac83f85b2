"""Times Python's sacreBLEU on two files of lines: a peer of bench/metrics.mjs, driven over standard input.

It reads lines `NAME COUNT` (bleu, chrf, chrf++, ter or sentence-bleu; how many of the lines) and answers each with one JSON
line: seconds, and the score or the sum of the sentence scores.
"""

import json
import sys
import time

from sacrebleu.metrics import BLEU, CHRF, TER

hypotheses, references = ([line.rstrip("\n") for line in open(name, encoding="utf-8")] for name in sys.argv[1:3])
METRICS = {
    "bleu": lambda: BLEU(force=True),
    "chrf": CHRF,
    "chrf++": lambda: CHRF(word_order=2),
    "ter": TER,
    "sentence-bleu": lambda: BLEU(force=True, effective_order=True),
}

for line in sys.stdin:
    name, count = line.split()
    metric, some, others = METRICS[name](), hypotheses[: int(count)], references[: int(count)]
    start = time.perf_counter()
    if name == "sentence-bleu":
        score = sum(metric.sentence_score(a, [b]).score for a, b in zip(some, others))
    else:
        score = metric.corpus_score(some, [others]).score
    print(json.dumps({"seconds": time.perf_counter() - start, "score": score}), flush=True)
