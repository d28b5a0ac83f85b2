"""Scores random corpora with Python sacreBLEU 2.6.0 and writes them as JSON for packages/sacrebleu-ts to reproduce.

    python generate.py --count 20000 --seed 1 --out cases.json
    python generate.py --count 20000 --seed 1 --keep 300 --out packages/sacrebleu-ts/tests/differential.json

With --keep only the cases that bring something new are written: they are taken greedily, so that every pair of an option
and a feature of the text (Unicode blocks, escapes, odd white space, empty lines, exact halves in the printed numbers...)
turns up as often as room allows.
"""

import argparse
import itertools
import json
import logging
import random
import sys
import unicodedata

import sacrebleu
from sacrebleu.metrics import BLEU

logging.getLogger("sacrebleu").setLevel(logging.ERROR)

ENGLISH = """the a dog cat man bit had just bitten him by in of and to was were not surprised it's don't U.S. e-mail
state-of-the-art well-known Dr. Mr. 3.14 1,000.50 10-20 100% $5 5€ #1 @home a/b C++ (yes) [no] {maybe} "quoted" 'tis what?!
... -- 12:30 2019-05-03 .5 5. ,5 5, x.y x,y 1.x x.1 1.2.3 a..b a,,b ., ,. -5 5- 5-- a-b 1-a a-1 &quot; &amp; &lt;b&gt;
&amp;lt; &apos; <skipped> <skipped>x & && ; : ~ ` ^ _ | \\ = + * THE Dog CAT""".split()
WORLD = """Straße STRASSE ŒUVRE naïve café cafe\u0301 İstanbul ISTANBUL ıŞIK ΟΔΟΣ ΣΑΣ Σ ΑΣ. ΌΣΟΣ. ΑΣ' Α\u0301Σ ΦΩΣ-ΦΩΣ Ёлка МОСКВА
ſ ŉ ǅ Ǆ ﬁn Ⅷ ⅷ ① ½ ² ٣٫١٤ ३.५ १,२ 日本語 日本語と混在。 我喜欢Python，真的！ 他说：“好”。 「引用」 ｆｕｌｌ １２，３ ㈱ ㍿ 漢 𠮷野家 𪛖 丽
한국어 조선 ไทย עברית שָׁלוֹם العربية «oui» “smart” ‘quotes’ – — … ‐ ‑ − × ÷ ± → ⇒ ∑ √2 ≠ ™ © ® ° § ¶ ¿qué? ¡no! ‰ € £ ¥ ₹ ₿
😀 👍🏽 👨‍👩‍👧 🇩🇪 ☃ ✓ ♥️ 1️⃣ 𝔘𝔫𝔦 𝟙𝟚.𝟛 𐐀𐐨 𞤀𞤢 a\u0301. a\u0308, .\u0301 1\u0301.5 \u0301 \u200b \ufeff x\ufeffy \u2060 \u00ad co\u00adop
\u3007.\u3007 x。y 1。2 1、2 a·b 1·2 \u2e80 \u2fa1 \u2a6d \u2a6e \u2001x \u2000y \u303f \u4dbf \u9fbc \ufa2e \ufada \ufe10 \uffef \ufff0""".replace("\n", " ").split(" ")
SPACES = [" "] * 40 + ["  ", "\t", "\n", "-\n", "\r\n", "\v", "\x1c", "\x1f", "\x85", "\u00a0", "\u2003", "\u2009", "\u2028", "\u202f", "\u3000", "\u200b", ""]
TOKENIZERS = ["13a", "13a", "intl", "char", "zh", "none"]


def random_character(rng):
    """Any assigned character, of the basic plane more often than not."""
    while True:
        code = rng.choice([rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x10000), rng.randrange(0x1_0000, 0x2_0000),
                           rng.randrange(0x1F000, 0x1FB00), rng.randrange(0x2000, 0x3400), rng.randrange(0x20000, 0x30000)])
        if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co"):
            return chr(code)


def random_word(rng, vocabulary):
    kind = rng.random()
    if kind < 0.9:
        return rng.choice(vocabulary)
    if kind < 0.95:
        return "".join(rng.choice("ab1.,-'&;<>\"/ ") for _ in range(rng.randint(1, 6)))
    return "".join(random_character(rng) for _ in range(rng.randint(1, 3)))


def random_line(rng, vocabulary, longest):
    words = [random_word(rng, vocabulary) for _ in range(rng.randint(0, longest))]
    line = "".join(word + rng.choice(SPACES) for word in words)
    if rng.random() < 0.5:
        line = line.rstrip()
    if rng.random() < 0.3:
        line += rng.choice([".", " .", "!", "5.", " ", "\n", "\u00a0", "。", "Σ"])
    return line


def vary(rng, line, vocabulary):
    """A line near to `line`, as a translation is to its reference."""
    words = line.split(" ")
    for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
        at = rng.randrange(len(words) + 1)
        action = rng.random()
        if action < 0.4:
            words[at:at + 1] = [random_word(rng, vocabulary)]
        elif action < 0.6:
            words[at:at + 1] = []
        elif action < 0.8:
            words[at:at] = words[max(0, at - 2):at]
        else:
            words[at:at + 1] = [word.swapcase() for word in words[at:at + 1]]
    return " ".join(words)


def random_case(rng):
    vocabulary = rng.sample(ENGLISH + WORLD, rng.randint(2, 12)) if rng.random() < 0.8 else rng.choice([ENGLISH, WORLD])
    longest = rng.choice([1, 3, 6, 12, 12, 25])
    segments = rng.choice([1, 1, 1, 2, 3, 5])
    streams = rng.choice([1, 1, 2, 3])
    first = [random_line(rng, vocabulary, longest) for _ in range(segments)]
    hypotheses = [vary(rng, line, vocabulary) if rng.random() < 0.9 else random_line(rng, vocabulary, longest) for line in first]
    references = [first] + [[vary(rng, line, vocabulary) for line in first] for _ in range(streams - 1)]
    for i in range(segments):
        if rng.random() < 0.03:
            hypotheses[i] = rng.choice(["", " ", "\n", "\u3000"])
        for k in range(streams):
            if rng.random() < 0.02:
                references[k][i] = ""
        if streams > 1 and rng.random() < 0.2:
            kept = rng.randrange(streams)
            for k in range(streams):
                if k != kept and rng.random() < 0.6:
                    references[k][i] = None
    options = {}
    if rng.random() < 0.3:
        options["lowercase"] = True
    if rng.random() < 0.85:
        options["tokenize"] = rng.choice(TOKENIZERS)
    if rng.random() < 0.6:
        options["smooth_method"] = rng.choice(["exp", "floor", "add-k", "none"])
        if rng.random() < 0.5:
            options["smooth_value"] = rng.choice([0, 0.0, 0.01, 0.1, 0.125, 0.375, 0.5, 1, 1.005, 2, 7.25])
    if rng.random() < 0.25:
        options["max_ngram_order"] = rng.randint(1, 8)
    if rng.random() < 0.4:
        options["effective_order"] = True
    return {"options": options, "hypotheses": hypotheses, "references": references}


def score(case):
    """Adds what sacreBLEU says; a corpus of one segment is scored as a sentence."""
    metric = BLEU(force=True, **case["options"])
    if len(case["hypotheses"]) == 1:
        result = metric.sentence_score(case["hypotheses"][0], [stream[0] for stream in case["references"]])
    else:
        result = metric.corpus_score(case["hypotheses"], case["references"])
    signature = metric.get_signature()
    case["expected"] = {
        "score": result.score,
        "counts": result.counts,
        "totals": result.totals,
        "precisions": result.precisions,
        "bp": result.bp,
        "systemLength": result.sys_len,
        "referenceLength": result.ref_len,
        "text": result.format(width=2),
        "signature": signature.format(),
        "shortSignature": signature.format(short=True),
    }
    return case


def features(case):
    """What is special about a case, as labels."""
    text = "\n".join(itertools.chain(case["hypotheses"], *([x for x in stream if x is not None] for stream in case["references"])))
    expected = case["expected"]
    found = {f"category {unicodedata.category(character)}" for character in text if ord(character) > 0x7E}
    found |= {f"block {ord(character) >> 8:x}" for character in text if ord(character) > 0xFF}
    found |= {f"contains {mark!r}" for mark in ("&quot;", "&amp;", "&lt;", "<skipped>", "-\n", "\n", "\x1c", "\x85", "\ufeff", "Σ", "İ", ".,", "..", "5-") if mark in text}
    found |= {f"references {len(case['references'])}"} | ({"variable"} if "nrefs:var" in expected["signature"] else set())
    found |= {"empty hypothesis"} if not all(line.strip() for line in case["hypotheses"]) else set()
    found |= {"empty reference"} if any(line is not None and not line.strip() for stream in case["references"] for line in stream) else set()
    found |= {"zero"} if expected["score"] == 0 else {"smoothed"} if 0 in expected["counts"] else {"plain"}
    found |= {"half"} if any(p * 20 % 2 == 1 for p in expected["precisions"]) or expected["score"] * 200 % 2 == 1 else set()
    return found


def hardest(cases, keep):
    """Takes cases while they bring pairs of an option and a feature, first unseen ones, then ones seen but once, and so on."""
    seen, kept, left = {}, [], [case for case in cases if len(json.dumps(case, ensure_ascii=False).encode()) < 900]
    for limit in itertools.count(1):
        rest = []
        for case in left:
            options = [f"{key}={value}" for key, value in case["options"].items()] or ["default"]
            pairs = set(itertools.product(options, features(case)))
            if any(seen.get(pair, 0) < limit for pair in pairs) and sum(seen.get(pair, 0) < limit for pair in pairs) >= len(pairs) / 3:
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--keep", type=int)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    cases = [score(random_case(rng)) for _ in range(arguments.count)]
    if arguments.keep:
        cases = hardest(cases, arguments.keep)
    head = {
        "source": f"scores and signatures computed by Python sacreBLEU {sacrebleu.__version__} (Apache-2.0) on random text",
        "made by": f"tests/reference/sacrebleu/generate.py --count {arguments.count} --seed {arguments.seed}"
        + (f" --keep {arguments.keep}" if arguments.keep else ""),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}, Unicode {unicodedata.unidata_version}",
    }
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "cases": [\n')
        file.write(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases))
        file.write("\n]}\n")


if __name__ == "__main__":
    main()
