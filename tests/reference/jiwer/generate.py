"""Scores random corpora with jiwer 4.0.0 and writes them as JSON for src/metrics/error-rates to reproduce.

    python generate.py --count 25000 --seed 1 --out cases.json
    python generate.py --count 25000 --seed 7 --keep 300 --out tests/unit/metrics/jiwer-differential.json

A case is a corpus with counts, rates and the drawn alignment; or, for long segments, a recipe from which both sides make the
same text, with the counts alone. With --keep the recipes and those corpora are written that bring something new: they are
taken greedily, so that every pair of a kind and a feature of the text turns up as often as room allows.
"""

import argparse
import itertools
import json
import random
import sys
import unicodedata
from importlib.metadata import version

import jiwer

ENGLISH = """the a cat sat on mat dog it's don't well-known U.S. 3.14 $5 x y z aa ab ba The CAT in and of to was were * ** # -
supercalifragilistic""".split()
WORLD = """naïve café cafe\u0301 Straße İstanbul ΟΔΟΣ москва 日本語 我喜欢 𠮷野家 한국어 조선 ไทย हिन्दी क्षि עברית שָׁלוֹם العربية مُحَمَّد 😀 👍🏽 👨‍👩‍👧
🇩🇪 ♥️ 1️⃣ e\u0301\u0323 \u0301 \u200b \ufeff \u2060 \u202eabc\u202c \u200fא \x00 a\x00b \x01 \ud800 x\udfff \U0010ffff 𝔘 ﬁ Ⅷ""".replace("\n", " ").split(" ")
SPACES = [" "] * 30 + ["  ", "   ", "\t", "\t\t", "\n", " \n", "\r\n", "\v", "\f", "\x1c", "\x1d\x1e", "\x1f ", "\x85", "\x85 ", "\u00a0", "\u00a0\u00a0",
                       "\u1680", "\u2003 ", "\u2009", "\u2028", "\u202f", "\u3000", " \u3000", "\u200b", "\ufeff", "\u180e", ""]


def random_character(rng):
    while True:
        code = rng.choice([rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x10000), rng.randrange(0x10000, 0x20000), rng.randrange(0x1F000, 0x1FB00)])
        if unicodedata.category(chr(code)) not in ("Cn", "Co"):
            return chr(code)


def random_line(rng, vocabulary, longest):
    line = ""
    for _ in range(rng.randint(0, longest)):
        line += random_character(rng) if rng.random() < 0.03 else rng.choice(vocabulary)
        line += rng.choice(SPACES)
    return line.rstrip() if rng.random() < 0.5 else line


def vary(rng, line, vocabulary, edits):
    """A line near to `line`, as what a system writes is near to its reference."""
    parts = line.split(" ")
    for _ in range(edits):
        at = rng.randrange(len(parts) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            parts.insert(at, rng.choice(vocabulary))
        elif kind == 1:
            del parts[at : at + rng.randint(1, 3)]
        elif kind == 2 and at < len(parts):
            parts[at] = rng.choice(vocabulary)
        elif kind == 3 and at < len(parts):
            word = parts[at]
            cut = rng.randrange(len(word) + 1)
            parts[at] = word[:cut] + rng.choice(["", "a", "é", " "]) + word[cut + 1 :]
        elif kind == 4 and at < len(parts):
            other = rng.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        elif kind == 5:
            parts[at:at] = parts[max(0, at - 3) : at]
    return " ".join(parts)


def random_corpus(rng):
    vocabulary = rng.choice([ENGLISH, WORLD, ENGLISH + WORLD, ["a", "b"], ["a", "b", "c"], ["x"]])
    longest = rng.choice([2, 5, 10, 20, 60]) if rng.random() < 0.97 else 300
    references, hypotheses = [], []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        reference = random_line(rng, vocabulary, longest)
        hypothesis = vary(rng, reference, vocabulary, rng.choice([0, 1, 2, 5, 15])) if rng.random() < 0.8 else random_line(rng, vocabulary, longest)
        if rng.random() < 0.05:
            reference = rng.choice(["", " ", "\t", "\x00", "*"])
        if rng.random() < 0.05:
            hypothesis = rng.choice(["", " ", "\u3000", "\x00", "*"])
        references.append(reference)
        hypotheses.append(hypothesis)
    # Halves of surrogate pairs that have come together are one character in JSON.
    return json.loads(json.dumps({"references": references, "hypotheses": hypotheses}))


class Generator:
    """The linear congruential generator of Numerical Recipes, easily made again in any language."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 16) % limit


def long_texts(seed, length, alphabet, edits):
    """Units numbered below `alphabet`, and the same with `edits` of 1000 units changed, left out or doubled."""
    generator = Generator(seed)
    reference, hypothesis = [], []
    for _ in range(length):
        unit = generator.below(alphabet)
        reference.append(unit)
        if generator.below(1000) >= edits:
            hypothesis.append(unit)
            continue
        kind = generator.below(3)
        if kind == 0:
            hypothesis.append(generator.below(alphabet))
        elif kind == 1:
            hypothesis += [unit, generator.below(alphabet)]
    return reference, hypothesis


def random_recipe(rng):
    length = rng.choice([500, 1500, 2100, 2500, 4000, 6000])
    return {"seed": rng.randrange(1 << 31), "length": length, "alphabet": rng.choice([2, 3, 4, 20, 1000]), "edits": rng.choice([1, 10, 50, 200, 500, 900])}


def counts(output):
    return {"hits": output.hits, "substitutions": output.substitutions, "insertions": output.insertions, "deletions": output.deletions}


def score_recipe(recipe):
    reference, hypothesis = long_texts(**recipe)
    output = jiwer.process_words(" ".join(map(str, reference)), " ".join(map(str, hypothesis)))
    return {"recipe": recipe, "expected": {**counts(output), "rate": output.wer}}


def score(corpus, rng):
    unit = rng.choice(["word", "character"])
    process = jiwer.process_words if unit == "word" else jiwer.process_characters
    output = process(corpus["references"], corpus["hypotheses"])
    render = {"showMeasures": rng.random() < 0.8, "skipCorrect": rng.random() < 0.8, "lineWidth": rng.choice([None, None, 1, 20, 40, 80])}
    text = jiwer.visualize_alignment(output, show_measures=render["showMeasures"], skip_correct=render["skipCorrect"], line_width=render["lineWidth"])
    rates = {"rate": output.wer, "mer": output.mer, "wil": output.wil, "wip": output.wip} if unit == "word" else {"rate": output.cer}
    expected = {**counts(output), **rates, "text": text, "errors": jiwer.visualize_error_counts(output)}
    return {"unit": unit, **corpus, "render": render, "expected": expected}


def features(case):
    text = "\n".join(case["references"] + case["hypotheses"])
    expected = case["expected"]
    found = {f"category {unicodedata.category(character)}" for character in text if ord(character) > 0x7E or ord(character) < 0x20}
    found |= {f"block {ord(character) >> 8:x}" for character in text if ord(character) > 0xFF}
    found |= {f"space {space!r}" for space in SPACES if len(space) > 1 and space in text}
    found |= {"empty reference"} if not all(line.strip() for line in case["references"]) else set()
    found |= {"empty hypothesis"} if not all(line.strip() for line in case["hypotheses"]) else set()
    found |= {f"{key} = 0" for key, value in expected.items() if value == 0} | {f"segments {len(case['references'])}"}
    found |= {f"width {case['render']['lineWidth']}", f"measures {case['render']['showMeasures']}"}
    found |= {"rate above 1"} if expected["rate"] > 1 else set()
    found |= {"alternatives"} if expected["insertions"] and expected["deletions"] and expected["substitutions"] else set()
    found |= {"asterisk"} if "*" in text else set()
    return found


def hardest(cases, keep):
    """Takes cases while they bring pairs of a unit and a feature, first unseen ones, then ones seen but once, and so on."""
    seen, kept, left = {}, [], [case for case in cases if len(json.dumps(case, ensure_ascii=False).encode("utf-8", "surrogatepass")) < 650]
    for limit in itertools.count(1):
        rest = []
        for case in left:
            pairs = {(case["unit"], feature) for feature in features(case)}
            if sum(seen.get(pair, 0) < limit for pair in pairs) >= max(1, len(pairs) / 3):
                kept.append(case)
                for pair in pairs:
                    seen[pair] = seen.get(pair, 0) + 1
                if len(kept) == keep:
                    return kept
            else:
                rest.append(case)
        if not rest:
            return kept
        left = rest


def line(case):
    text = json.dumps(case, ensure_ascii=False)
    # Lone surrogates cannot be written but as escapes.
    return text if text.encode("utf-8", "ignore").decode() == text else json.dumps(case)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--keep", type=int)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    cases = [score(random_corpus(rng), rng) for _ in range(arguments.count)]
    recipes = [score_recipe(random_recipe(rng)) for _ in range(60 if arguments.keep else max(60, arguments.count // 50))]
    if arguments.keep:
        cases = hardest(cases, arguments.keep)
    head = {
        "source": f"computed by jiwer {jiwer.__version__ if hasattr(jiwer, '__version__') else version('jiwer')} with RapidFuzz {version('rapidfuzz')} on random text",
        "licence": "jiwer: Apache-2.0, Copyright 2018 - present 8x8, Inc.; RapidFuzz: MIT, Copyright Max Bachmann",
        "made by": f"tests/reference/jiwer/generate.py --count {arguments.count} --seed {arguments.seed}" + (f" --keep {arguments.keep}" if arguments.keep else ""),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}, Unicode {unicodedata.unidata_version}",
    }
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "cases": [\n')
        file.write(",\n".join(map(line, cases + recipes)))
        file.write("\n]}\n")


main()
