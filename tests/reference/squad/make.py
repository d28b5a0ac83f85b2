"""Scores random answers with the official evaluation of SQuAD 1.1, for src/metrics/answers to reproduce. See README.md.

    python make.py --script squad_eval.py --count 20000 --seed 1 --out cases.json
    python make.py --script squad_eval.py --count 150 --seed 7 --out tests/reference/squad/expected.json
"""

import argparse
import importlib.util
import json
import random

WORDS = """a an the A An THE The tHe and then theme la der die das el los un der Hund perro año niño Größe STRASSE straße ẞ
İstanbul ΣΑΣ ὈΔΥΣΣΕΎΣ ΟΔΟΣ naïve a\u0301 the\u0301 a\u0308n an\u00ad the\u200b \ufeffthe \ufeff ª a² the² a½ aⅣ a٣ a_b _a the_ _the_ 日本語 a日
日the the一 한국어 العربية हिन्दी नमस्ते the\u093e 😀 😀the a😀 ﬁn Ǆ ǆ U.S. don't l'a the-a a-b a/b 3.14 $5 100% (a) "the" «a» ¿qué? ¡the! a… the— –a the’s “the”
„der“ x y z 1 2 1990 ... - -- ' '' ` `` ~ ^ £a a€ +the <a> a= |an| {the} [a] \\a &an; @the #a *an* a\u0130""".split()
SPACES = [" "] * 12 + ["  ", "\t", "\u00a0", "\u3000", "\u2009", "\u200b", "\u2028", "\x1c", "\x1f", "\x85", "\ufeff", "", "-", ", "]


def answer(rng, longest):
    text = rng.choice(["", "", "", " ", "\u00a0"])
    for _ in range(rng.randint(0, longest)):
        text += rng.choice(WORDS) + rng.choice(SPACES)
    return text


def vary(rng, text):
    words = text.split(" ")
    for _ in range(rng.choice([0, 1, 1, 2])):
        at = rng.randrange(len(words) + 1)
        if rng.random() < 0.6:
            words.insert(at, rng.choice(WORDS))
        elif words:
            del words[min(at, len(words) - 1)]
    return rng.choice([str, str.upper, str.title, str.lower])(" ".join(words))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", required=True, help="the official script")
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    spec = importlib.util.spec_from_file_location("squad", args.script)
    squad = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(squad)
    rng = random.Random(args.seed)
    cases = []
    for _ in range(args.count):
        golds = [answer(rng, 5) for _ in range(rng.choice([1, 1, 2, 3]))]
        output = vary(rng, rng.choice(golds)) if rng.random() < 0.8 else answer(rng, 5)
        cases.append({
            "output": output,
            "golds": golds,
            "normalized": squad.normalize_answer(output),
            "exactMatch": int(squad.metric_max_over_ground_truths(squad.exact_match_score, output, golds)),
            "f1": squad.metric_max_over_ground_truths(squad.f1_score, output, golds),
        })
    questions = [{"id": i, "answers": [{"text": gold} for gold in case["golds"]]} for i, case in enumerate(cases)]
    outputs = {i: case["output"] for i, case in enumerate(cases)}
    total = squad.evaluate([{"paragraphs": [{"qas": questions}]}], outputs)
    with open(args.out, "w", encoding="ascii") as file:
        rows = ",\n".join(json.dumps(case) for case in cases)
        file.write(f'{{"corpus": {json.dumps(total)}, "cases": [\n{rows}\n]}}\n')


main()
