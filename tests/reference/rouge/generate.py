"""Scores random texts with rouge_score 0.1.2 and stems random words with NLTK, for src/metrics/rouge to reproduce.

    python generate.py --count 6000 --words 60000 --seed 1 --out cases.json
    python generate.py --count 6000 --words 20000 --seed 7 --keep 100 --out tests/unit/metrics/rouge-differential.json
"""

import argparse
import json
import random
import sys
import unicodedata
from importlib.metadata import version

from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer

TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
SCORERS = {stem: RougeScorer(TYPES, use_stemmer=stem) for stem in (False, True)}
STEMMER = PorterStemmer()

SUFFIXES = """s es ies ied ied sses ss ed eed ing y ational tional enci anci izer bli abli alli entli eli ousli ization ation ator alism iveness fulness
ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent ion sion tion ou ism ate
iti ous ive ize e l ll tt zz at bl iz""".split()
ONSETS = "b c d f g h k l m n p r s t w x y z st tr pl ch qu sk th ss ll 1 20".split() + [""]
VOWELS = "a e i o u y ai ee ou yy".split()
ENGLISH = """the quick brown foxes jumped over lazy dogs summaries summary summarization testing tests tested one two three police killed gunman relational
conditional happily happier flying flies dies died skies innings howe proceeded U.S. it's don't 3.14 100% e-mail naïve café İstanbul \u212aelvin
日本語 😀 \x00 \ud800 _under_score_ CamelCase""".split()
SPACES = [" "] * 15 + ["  ", "\n", "\n\n", ". ", ".\n", "\t", "\u00a0", "\u2028", "-", ""]


def random_word(rng):
    word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(rng.randint(0, 3))) + rng.choice(ONSETS)
    return word + "".join(rng.choice(SUFFIXES) for _ in range(rng.choice([0, 1, 1, 1, 2, 3])))


def random_text(rng, vocabulary, longest):
    text = ""
    for _ in range(rng.randint(0, longest)):
        word = rng.choice(vocabulary)
        text += rng.choice([word, word, word.upper(), word.title()]) + rng.choice(SPACES)
    return text


def vary(rng, text, vocabulary):
    words = text.split(" ")
    for _ in range(rng.choice([0, 1, 3, 8])):
        at = rng.randrange(len(words) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            words.insert(at, rng.choice(vocabulary))
        elif kind == 1:
            del words[at : at + rng.randint(1, 3)]
        elif kind == 2:
            words[at:at] = ["\n" + rng.choice(vocabulary)]
        else:
            rng.shuffle(words)
    return " ".join(words)


def random_case(rng):
    vocabulary = rng.choice([ENGLISH, ["a", "b"], ["a", "b", "c", "d"], [random_word(rng) for _ in range(10)], ENGLISH[:12]])
    longest = rng.choice([0, 2, 5, 12, 40, 120])
    target = random_text(rng, vocabulary, longest)
    targets = [target] + [vary(rng, target, vocabulary) for _ in range(rng.choice([0, 0, 1, 2]))]
    prediction = vary(rng, target, vocabulary) if rng.random() < 0.7 else random_text(rng, vocabulary, longest)
    # Halves of surrogate pairs that have come together are one character in JSON.
    return json.loads(json.dumps({"stem": rng.random() < 0.5, "targets": targets, "prediction": prediction}))


def score(case):
    scores = SCORERS[case["stem"]].score_multi(case["targets"], case["prediction"])
    case["expected"] = {name: [float(value) for value in scores[name]] for name in TYPES}
    return case


def features(case):
    text = "\n".join([*case["targets"], case["prediction"]])
    found = {f"stem {case['stem']}", f"references {len(case['targets'])}", f"lines {min(5, text.count(chr(10)))}"}
    found |= {f"character {ord(c):x}" for c in text if not c.isalnum() or ord(c) > 0x7E}
    found |= {f"{name} {value}" for name, values in case["expected"].items() for value in ("0" if values[2] == 0 else "1" if values[2] == 1 else "between",)}
    found |= {"sum differs"} if case["expected"]["rougeL"] != case["expected"]["rougeLsum"] else set()
    return found


def hardest(cases, keep):
    """Takes short cases while they bring features, first unseen ones, then ones seen but once, and so on."""
    seen, kept, left = {}, [], [case for case in cases if len(json.dumps(case)) < 900]
    limit = 0
    while left and len(kept) < keep:
        limit += 1
        rest = []
        for case in left:
            found = features(case)
            if len(kept) < keep and sum(seen.get(feature, 0) < limit for feature in found) >= max(1, len(found) / 4):
                kept.append(case)
                for feature in found:
                    seen[feature] = seen.get(feature, 0) + 1
            else:
                rest.append(case)
        left = rest
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--words", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--keep", type=int)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    cases = [score(random_case(rng)) for _ in range(arguments.count)]
    words = sorted({random_word(rng).lower() for _ in range(arguments.words)} | set(STEMMER.pool) - {""})
    if arguments.keep:
        cases = hardest(cases, arguments.keep)
        words = sorted(set(rng.sample([word for word in words if len(word) < 14], 1500)) | set(STEMMER.pool))
    head = {
        "source": f"computed by rouge_score {version('rouge_score')} and nltk {version('nltk')} on random text",
        "licence": "rouge_score: Apache-2.0, Copyright 2022 The rouge_score Authors; NLTK: Apache-2.0, Copyright NLTK Project",
        "made by": f"tests/reference/rouge/generate.py --count {arguments.count} --words {arguments.words} --seed {arguments.seed}" + (f" --keep {arguments.keep}" if arguments.keep else ""),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}, Unicode {unicodedata.unidata_version}",
        "columns": {"expected": ["precision", "recall", "fmeasure"], "stems": ["word", "stem"]},
        "stems": " ".join(f"{word}>{STEMMER.stem(word)}" for word in words if word),
    }
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "cases": [\n')
        # Escapes, for lone surrogates cannot be written otherwise.
        file.write(",\n".join(json.dumps(case) for case in cases))
        file.write("\n]}\n")


main()
