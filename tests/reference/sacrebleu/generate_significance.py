"""Writes what Python sacreBLEU 2.6.0 finds in significance tests of made-up systems, and the random numbers it draws with
NumPy, for packages/sacrebleu-ts to reproduce.

    python generate_significance.py --seed 1 --corpora 4 --out packages/sacrebleu-ts/tests/significance.json
    python generate_significance.py --seed 2 --corpora 100 --longest 300 --out fuzz.json
"""

import argparse
import json
import logging
import os
import random
import subprocess
import sys
import tempfile

import numpy
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

logging.getLogger("sacrebleu").setLevel(logging.ERROR)

VOCABULARY = """the a dog cat man bit had just bitten him by in of and to was were not surprised it's don't . , ! ? The Dog CAT
3.14 10-20 (yes) naïve Straße café 日本語 我喜欢 العربية 😀""".split()


def corpus(rng, segments, streams):
    """References of made-up segments, and systems that depart from the first of them to different degrees."""
    first = [[rng.choice(VOCABULARY) for _ in range(rng.randint(1, 16))] for _ in range(segments)]

    def vary(rate):
        lines = []
        for words in first:
            words = list(words)
            for at in range(len(words)):
                if rng.random() < rate:
                    words[at:at + 1] = rng.choice([[], [rng.choice(VOCABULARY)], [rng.choice(VOCABULARY), words[at]] if at < len(words) else []])
            if rng.random() < rate and len(words) > 3:
                cut = rng.randrange(len(words))
                words = words[cut:] + words[:cut]
            lines.append(" ".join(words))
        return lines

    references = [[" ".join(words) for words in first]] + [vary(0.3) for _ in range(streams - 1)]
    if streams > 1:
        for i in range(0, segments, 3):
            references[rng.randrange(1, streams)][i] = None
    rate = rng.choice([0.2, 0.3, 0.5])
    systems = [["base", vary(rate)], ["close", vary(rate * 0.95)], ["better", vary(rate * 0.6)]]
    systems.append(["same", list(systems[0][1])])
    return {"references": references, "systems": systems}


METRICS = {
    "BLEU": [{}, {"smooth_method": "floor"}, {"smooth_method": "add-k", "smooth_value": 2}, {"smooth_method": "none", "max_ngram_order": 2},
             {"effective_order": True, "lowercase": True}, {"tokenize": "char", "smooth_method": "floor", "smooth_value": 0.3}, {"max_ngram_order": 6}],
    "CHRF": [{}, {"word_order": 2}, {"eps_smoothing": True, "word_order": 1}, {"beta": 1, "char_order": 4, "lowercase": True}],
    "TER": [{}, {"normalized": True}, {"case_sensitive": True, "no_punct": True}],
}
CLASSES = {"BLEU": BLEU, "CHRF": CHRF, "TER": TER}


def plain(value):
    return None if value is None else float(value)


def paired(corpora, rng, index, test):
    """One paired test with one metric of each kind."""
    os.environ["SACREBLEU_SEED"] = str(test["seed"])
    options = {name: rng.choice(choices) for name, choices in METRICS.items()}
    metrics = {name: CLASSES[name](**option) for name, option in options.items()}
    found = corpora[index]
    signatures, scores = PairedTest(found["systems"], metrics, found["references"], test["type"], test["samples"], test["confidence"])()
    names = [name for name in scores if name != "System"]
    return {
        "corpus": index, **test, "options": options,
        "expected": [{
            "name": name, "signature": signatures[name].format(), "shortSignature": signatures[name].format(short=True),
            "scores": [[plain(value) for value in (result.score, result.p_value, result.mean, result.ci)] for result in scores[name]],
        } for name in names],
    }


def confidence(corpora, rng, index, name, samples, seed):
    """One system's score with its interval."""
    os.environ["SACREBLEU_SEED"] = str(seed)
    option = rng.choice(METRICS[name])
    metric = CLASSES[name](**option)
    found = corpora[index]
    score = metric.corpus_score(found["systems"][0][1], found["references"], n_bootstrap=samples)
    return {
        "corpus": index, "metric": name, "options": option, "samples": samples, "seed": seed, "score": score.score,
        "mean": plain(score._mean), "ci": plain(score._ci), "signature": metric.get_signature().format(),
        "shortSignature": metric.get_signature().format(short=True),
    }


def command(found, arguments):
    """What the command prints for a corpus."""
    with tempfile.TemporaryDirectory() as folder:
        def write(name, lines):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in lines))
        write("reference", found["references"][0])
        names = ["base", "système 2", "a_b&c"]
        for name, (_, lines) in zip(names, found["systems"]):
            write(name, lines)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SACREBLEU")}
        line = [sys.executable, "-m", "sacrebleu", "reference", "-i", *names, "--quiet", "--no-color", *arguments]
        output = subprocess.run(line, cwd=folder, env=environment, capture_output=True, check=True)
        return {"systems": names, "arguments": arguments, "output": output.stdout.decode()}


def draws():
    """NumPy's random numbers, as sacreBLEU draws them."""
    found = []
    for seed in (12345, 0, 1, 42, 2**31, 2**32 - 1, 2**32, 2**53 - 1):
        generator = numpy.random.default_rng(seed)
        bits = generator.integers(2, size=(3, 43), dtype=bool)
        rows = {}
        for bound in (1, 2, 3, 7, 1000, 3000, 65537, 2**31 + 1, 2**32 - 1):
            rows[str(bound)] = generator.choice(bound, size=(3, 5), replace=True).ravel().tolist()
        many = numpy.random.default_rng(seed).choice(2999, size=(100, 2999), replace=True)
        found.append({"seed": seed, "bits": "".join("01"[int(bit)] for bit in bits.ravel()), "below": rows,
                      "many": {"sum": int(many.sum()), "last": many[-1, -8:].tolist()}})
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--corpora", type=int, required=True)
    parser.add_argument("--longest", type=int, default=60, help="segments of the longest corpus")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    sizes = [1, 5, arguments.longest] + [rng.randint(2, arguments.longest) for _ in range(arguments.corpora)]
    corpora = [corpus(rng, size, streams) for size, streams in zip(sizes, [1, 2, 1] + [rng.choice([1, 1, 2]) for _ in sizes])][:arguments.corpora]
    tests, intervals = [], []
    for index in range(len(corpora)):
        tests.append(paired(corpora, rng, index, {"type": "bs", "samples": 1000, "confidence": -1, "seed": 12345}))
        tests.append(paired(corpora, rng, index, {"type": "ar", "samples": 10000 if index == 2 else 1000, "confidence": -1, "seed": 12345}))
        tests.append(paired(corpora, rng, index, {"type": "bs", "samples": rng.choice([1, 39, 40, 137, 300]), "confidence": -1, "seed": rng.randrange(1, 2**40)}))
        tests.append(paired(corpora, rng, index, {"type": "ar", "samples": rng.choice([50, 333]), "confidence": rng.choice([60, 200]), "seed": rng.randrange(1, 100)}))
        for name in METRICS:
            intervals.append(confidence(corpora, rng, index, name, rng.choice([1000, 1000, 77]), rng.choice([12345, 12345, 7])))
    shown = corpora[2 % len(corpora)]
    commands = [command(shown, line.split()) for line in (
        "--paired-bs -m bleu chrf ter -f text", "--paired-ar --paired-ar-n 500 -m ter bleu chrf -f text -w 3 --short",
        "--paired-bs --paired-bs-n 100 -m bleu chrf -f latex --chrf-word-order 2", "--paired-ar --paired-ar-n 99 -f latex -w 2",
        "-m ter bleu chrf -f text", "-m bleu chrf -f latex -w 3 --short", "-m chrf ter -f json -w 2",
        "--paired-bs -f json", "--paired-ar --paired-ar-n 10000 -m bleu chrf ter -f json")]
    result = {
        "source": f"computed by Python sacreBLEU {sacrebleu.__version__} (Apache-2.0) and NumPy {numpy.__version__} on random text",
        "made by": f"tests/reference/sacrebleu/generate_significance.py --seed {arguments.seed} --corpora {arguments.corpora} --longest {arguments.longest}",
    }
    parts = {"draws": draws(), "corpora": corpora, "tests": tests, "confidence": intervals, "commands": commands}
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(json.dumps(result)[:-1])
        for name, rows in parts.items():
            file.write(f', "{name}": [\n' + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]")
        file.write("}\n")


main()
