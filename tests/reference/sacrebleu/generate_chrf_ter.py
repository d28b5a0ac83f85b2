"""Scores random corpora with chrF and TER of Python sacreBLEU 2.6.0 and writes them as JSON for packages/sacrebleu-ts to reproduce.

    python generate_chrf_ter.py --count 24000 --seed 1 --out cases.json
    python generate_chrf_ter.py --count 24000 --seed 1 --keep 250 --out packages/sacrebleu-ts/tests/chrf-ter-differential.json

Half of the corpora are scored with chrF, half with TER. With --keep only the cases that bring something new are written, as
generate.py does it, half of them of each metric; what TER's search ran into (its limits, many shifts) is among the features that count.
"""

import argparse
import itertools
import json
import logging
import random
import re
import sys
import unicodedata

import sacrebleu
from sacrebleu.metrics import CHRF, TER, lib_ter

import generate

logging.getLogger("sacrebleu").setLevel(logging.ERROR)

PUNCTUATED = """(hi) (hi "hi" 'hi' hi! !hi !! ! a. .a .a. ... a.. ..a x, ,x - -- -a a- _a_ a_ `a ~a a~ «a» “a” 'tis dogs' Jim's jim's
it's 's x's. s's 's, 4.2 4,2 4. .4 5-3 -5 5- a.b a,b &quot;a&quot; &lt; &amp;quot; x;y A ; B ) C : D. [a] {b} a@b #c $5 5% ^ \\ |""".split()
ASIAN = """美众院公布对特 りの拳銃を持 カタカナ ひらがな ひらカタ漢 ㇰㇱ ㌀ ㈱ 㐀㐁 㼣 䶿 ⺀ ⼀ ㇀ ﹁ ︰ 豈 、 。 「引用」 〜 〈a〉 【b】 〔c〕 ｡ ･ ・ a．b a，b ？ ！ ： ； （x） ＂ 𠮷野 한국어 アイウ、エオ。""".split()
LETTERS = list("abcdefghijklmnopqrstuvwxyz")
LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def lettered(rng, alphabet, length):
    return [rng.choice(alphabet) for _ in range(length)]


def move(rng, words, longest):
    """Takes up to `longest` words to another place."""
    length = rng.randint(1, longest)
    start = rng.randrange(max(1, len(words) - length + 1))
    block = words[start:start + length]
    rest = words[:start] + words[start + length:]
    at = rng.randrange(len(rest) + 1)
    return rest[:at] + block + rest[at:]


def scramble(rng, words, alphabet):
    """What a bad system might make of the reference `words`."""
    words = list(words)
    for _ in range(rng.choice([0, 1, 1, 2, 3, 5, 8])):
        words = move(rng, words, rng.choice([1, 2, 4, 12, 30]))
    for _ in range(rng.choice([0, 1, 2, 4, 8])):
        at = rng.randrange(len(words) + 1)
        words[at:at + rng.choice([0, 0, 1, 2])] = lettered(rng, alphabet, rng.choice([0, 0, 1, 1, 2]))
    return words


def long_segment(rng):
    """Hypothesis and reference words that take TER's search to its limits."""
    kind = rng.choice(["scrambled", "scrambled", "far", "blocks", "ratio", "beam", "repeats", "random"])
    alphabet = rng.choice([LETTERS, LETTERS, LETTERS[:5], LETTERS + [a + b for a in LETTERS for b in LETTERS]])
    reference = lettered(rng, alphabet, rng.choice([8, 15, 25, 40, 60, 90, 130]))
    if kind == "scrambled":
        return scramble(rng, reference, alphabet), reference
    if kind == "far":  # 45 to 60 other words before those to shift
        block = lettered(rng, ["x1", "x2", "x3"], rng.randint(1, 4))
        gap = lettered(rng, alphabet, rng.randint(45, 60))
        near, away = block + gap, gap + block
        tail = lettered(rng, alphabet, rng.randint(0, 20))
        hypothesis = (near if rng.random() < 0.5 else away) + tail
        return hypothesis, (away if hypothesis[:len(block)] == block else near) + tail
    if kind == "blocks":  # 8 to 14 words to shift
        block = lettered(rng, alphabet, rng.randint(8, 14))
        gap = lettered(rng, alphabet, rng.randint(3, 20))
        return gap + block, block + (gap if rng.random() < 0.7 else scramble(rng, gap, alphabet))
    if kind == "ratio":  # lengths 25 to 130 times each other's
        few = lettered(rng, alphabet, rng.randint(1, 4))
        many = scramble(rng, few * rng.choice([1, 10]), alphabet) + lettered(rng, alphabet, rng.randint(25, 130) * len(few))
        return (few, many) if rng.random() < 0.7 else (many, few)
    if kind == "beam":  # more words left out than the beam reaches
        cut = rng.randrange(len(reference))
        size = rng.randint(20, 40)
        return reference[:cut] + lettered(rng, alphabet, size) + reference[cut:], reference + lettered(rng, alphabet, rng.choice([0, size]))
    if kind == "repeats":
        few = lettered(rng, LETTERS[:rng.randint(1, 3)], rng.randint(5, 40))
        return scramble(rng, few, LETTERS[:3]), lettered(rng, LETTERS[:3], rng.randint(1, 40))
    return lettered(rng, alphabet, rng.randint(0, 80)), reference


def with_surrogates(rng, line, choices):
    """Puts lone surrogates in, none where JSON would make a pair of two."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(line) + 1)
        line = line[:at] + rng.choice(choices) + line[at:]
    return re.sub("([\ud800-\udbff])(?=[\udc00-\udfff])", r"\1 ", line)


def texts_of(case):
    return [line for stream in [case["hypotheses"], *case["references"]] for line in stream if line is not None]


def random_text(rng):
    """Hypotheses and references as for BLEU, with more of what chrF++ and TER treat in a way of their own."""
    vocabularies = rng.choice([(generate.ENGLISH, generate.WORLD), (PUNCTUATED, PUNCTUATED), (ASIAN, PUNCTUATED)])
    kept = generate.ENGLISH, generate.WORLD
    generate.ENGLISH, generate.WORLD = vocabularies
    case = generate.random_case(rng)
    generate.ENGLISH, generate.WORLD = kept
    return case


def random_chrf(rng):
    case = random_text(rng)
    if rng.random() < 0.15:
        for stream in [case["hypotheses"], *case["references"]]:
            stream[:] = [line if line is None or rng.random() < 0.5 else with_surrogates(rng, line, ["\ud83d", "\ude00", "\udc00", "\ud800"]) for line in stream]
    if rng.random() < 0.15:
        case["hypotheses"] = ["".join(rng.choice("aab ") for _ in range(rng.randint(0, 9))) for _ in case["hypotheses"]]
        case["references"] = [[line if line is None else "".join(rng.choice("aab ") for _ in range(rng.randint(0, 9))) for line in stream] for stream in case["references"]]
    options = {}
    if rng.random() < 0.3:
        options["char_order"] = rng.randint(0, 9)
    if rng.random() < 0.6 or options.get("char_order") == 0:
        options["word_order"] = rng.choice([1, 2, 2, 2, 3, 5])
    if rng.random() < 0.4:
        options["beta"] = rng.choice([0, 1, 1, 2, 3, 3, 4, 0.5, 2.5, 100])
    for name, chance in (("lowercase", 0.3), ("whitespace", 0.3), ("eps_smoothing", 0.4)):
        if rng.random() < chance:
            options[name] = True
    return {**case, "metric": "chrF", "options": options}


def random_ter(rng):
    if rng.random() < 0.7:
        case = random_text(rng)
    else:
        segments = [long_segment(rng) for _ in range(rng.choice([1, 1, 1, 2]))]
        streams = rng.choice([1, 1, 1, 2])
        references = [[" ".join(reference) for _, reference in segments]]
        if streams == 2:
            references.append([" ".join(scramble(rng, reference, LETTERS)) for _, reference in segments])
        case = {"hypotheses": [" ".join(hypothesis) for hypothesis, _ in segments], "references": references}
    if rng.random() < 0.05:
        for stream in [case["hypotheses"], *case["references"]]:
            stream[:] = [line if line is None else with_surrogates(rng, line, ["\udc00", "\ude00"]) for line in stream]
    options = {name: True for name in ("normalized", "no_punct", "asian_support", "case_sensitive") if rng.random() < 0.35}
    return {**case, "metric": "TER", "options": options}


class Observer:
    """Notes what TER's search does."""

    def __init__(self):
        self.seen = set()
        shift, pairs, call = lib_ter._shift, lib_ter._find_shifted_pairs, lib_ter.BeamEditDistance._edit_distance
        observer = self

        def watched_shift(words_h, words_r, cached, checked):
            delta, words, checked = shift(words_h, words_r, cached, checked)
            if checked >= lib_ter._MAX_SHIFT_CANDIDATES:
                observer.seen.add("candidates exhausted" if delta <= 0 else "shift forgone")
            elif delta > 0:
                observer.shifts += 1
                observer.seen.add(f"shifts {min(observer.shifts, 6)}")
                observer.seen.add(f"gain {min(delta, 12)}")
            if cached._cache_size >= lib_ter._MAX_CACHE_SIZE:
                observer.seen.add("cache full")
            return delta, words, checked

        def watched_pairs(words_h, words_r):
            for start_h, start_r, length in pairs(words_h, words_r):
                if length == lib_ter._MAX_SHIFT_SIZE:
                    observer.seen.add("longest shift")
                if abs(start_h - start_r) >= lib_ter._MAX_SHIFT_DIST - 1:
                    observer.seen.add("farthest shift")
                yield start_h, start_r, length

        def watched_distance(self, words_h, start, cache):
            if words_h and self._n_words_ref / len(words_h) > 2 * lib_ter._BEAM_WIDTH:
                observer.seen.add("wide beam")
            if max(len(words_h), self._n_words_ref) > 2 * lib_ter._BEAM_WIDTH:
                observer.seen.add("beam")
            return call(self, words_h, start, cache)

        lib_ter._shift, lib_ter._find_shifted_pairs, lib_ter.BeamEditDistance._edit_distance = watched_shift, watched_pairs, watched_distance

    def begin(self):
        self.seen = set()
        self.shifts = 0


def score(case, observer):
    """Adds what sacreBLEU says; a corpus of one segment is scored as a sentence."""
    metric = (CHRF if case["metric"] == "chrF" else TER)(**case["options"])
    observer.begin()
    if len(case["hypotheses"]) == 1:
        result = metric.sentence_score(case["hypotheses"][0], [stream[0] for stream in case["references"]])
    else:
        result = metric.corpus_score(case["hypotheses"], case["references"])
    signature = metric.get_signature()
    case["expected"] = {
        "score": result.score,
        "text": result.format(width=2),
        "signature": signature.format(),
        "shortSignature": signature.format(short=True),
    }
    if case["metric"] == "TER":
        case["expected"] |= {"numEdits": result.num_edits, "referenceLength": result.ref_length}
    case["seen"] = observer.seen
    return case


def features(case):
    """What is special about a case, as labels."""
    text, expected = "\n".join(texts_of(case)), case["expected"]
    found = set(case["seen"])
    found |= {f"category {unicodedata.category(character)}" for character in text if ord(character) > 0x7E}
    found |= {f"block {ord(character) >> 8:x}" for character in text if 0xFF < ord(character) < 0x10000 and case["options"].get("asian_support")}
    found |= {f"contains {mark!r}" for mark in ("&quot;", "&amp;", "&lt;", "\n-", "\n", "\x1c", "\x85", "\ufeff", "Σ", "İ", "'s ", ".,", "5-", "(hi)") if mark in text}
    found |= {f"references {len(case['references'])}"} | ({"variable"} if "nrefs:var" in expected["signature"] else set())
    found |= {"empty hypothesis"} if not all(line.strip() for line in case["hypotheses"]) else set()
    found |= {"empty reference"} if any(line is not None and not line.strip() for stream in case["references"] for line in stream) else set()
    found |= {"zero"} if expected["score"] == 0 else {"tiny"} if expected["score"] < 1e-9 else {"over 100"} if expected["score"] > 100 else {"perfect"} if expected["score"] == 100 else {"plain"}
    found |= {"half"} if expected["score"] * 200 % 2 == 1 else set()
    return found


def hardest(cases, keep):
    """Takes cases while they bring pairs of an option and a feature, first unseen ones, then ones seen but once, and so on."""
    seen, kept, left = {}, [], []
    for case in cases:
        options = [f"{key}={value}" for key, value in case["options"].items()] or ["default"]
        size = len(json.dumps(case["hypotheses"] + case["references"], ensure_ascii=False).encode(errors="surrogatepass"))
        if size < (900 if case["metric"] == "chrF" else 2500):
            left.append((case, set(itertools.product(options, features(case)))))
    for limit in itertools.count(1):
        rest = []
        for case, pairs in left:
            news = sum(seen.get(pair, 0) < limit for pair in pairs)
            if news > 0 and news >= len(pairs) / 3:
                kept.append(case)
                for pair in pairs:
                    seen[pair] = seen.get(pair, 0) + 1
                if len(kept) == keep:
                    return kept
            else:
                rest.append((case, pairs))
        if not rest:
            return kept
        left = rest


def as_json(value):
    text = json.dumps(value, ensure_ascii=False)
    return LONE_SURROGATES.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--keep", type=int)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    observer = Observer()
    cases = [score((random_ter if i % 2 else random_chrf)(rng), observer) for i in range(arguments.count)]
    if arguments.keep:
        cases = [case for metric in ("chrF", "TER") for case in hardest([x for x in cases if x["metric"] == metric], arguments.keep // 2)]
    for case in cases:
        del case["seen"]
    head = {
        "source": f"scores and signatures computed by Python sacreBLEU {sacrebleu.__version__} (Apache-2.0) on random text",
        "made by": f"tests/reference/sacrebleu/generate_chrf_ter.py --count {arguments.count} --seed {arguments.seed}"
        + (f" --keep {arguments.keep}" if arguments.keep else ""),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}, Unicode {unicodedata.unidata_version}",
    }
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(as_json(head)[:-1] + ', "cases": [\n')
        file.write(",\n".join(as_json(case) for case in cases))
        file.write("\n]}\n")


if __name__ == "__main__":
    main()
