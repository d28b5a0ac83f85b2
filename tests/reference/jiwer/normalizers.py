"""Normalises random text with the package whisper-normalizer 0.1.15, which has openai/whisper's code, for src/metrics/normalizers to reproduce.

    python normalizers.py --count 40000 --seed 1 --out cases.json
    python normalizers.py --count 40000 --seed 7 --keep 300 --out tests/unit/metrics/normalizer-differential.json
"""

import argparse
import json
import random
import sys
import unicodedata
from importlib.metadata import version

from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

basic, english = BasicTextNormalizer(), EnglishTextNormalizer()
numbers, replacers = english.standardize_numbers, english.replacers

NUMBERS = sorted(numbers.words) + "and a half|and a half|a half|per cent|per cent|hundred and|point|point|double|triple|oh|o".split("|")
DIGITS = """0 1 7 00 007 12 20 100 1000 3.14 0.5 1.0 20.0 1,000 1,000,000.50 1.2.3 192.168.0.1 $5 $0.36 €0.05 £77 $20.1 ¢5 ¢75 -3 +4 $ % 5% 50 % £ ¢ . $.5 5. .5
10th 1st 2 nd 3rd 4 th 1950s 50 s 1s 1 b747 10km 5a5 a5a ٣ ٣٫٥ ٣.٥ ٣.٠ १२ १.० 𝟙𝟚 ½ ² ① Ⅷ 1/2 12:30 $1 $2 and ¢7 ¢07""".split()
ENGLISH = """the cat's dog it's she's been he'd gone they'd done we've i'm you're let's can't won't don't ain't y'all wanna gonna gotta i'ma imma woulda
'cause cause ma'am mr. mr mrs. st. dr. prof. capt gov. ald gen. sen. rep. pres rev. hon. asst assoc. lt. col. jr. sr. esq. she's got n't 's
'd been ' 's gone hmm mm mhm mmm uh um umm colour colours organise organisation travelling grey aeroplane mhm's flyer / flier theatre cheque
[noise] (laughs) <unk> [a (b] c) (] <[> ( ) ) ( [ ] () {x} well-known e-mail a.b a.5 5.a "quoted" it´s it’s ‘tis u.s.a. no. 5 & @ # * _ __ a_b 1_000 ~ ^ `""".split()
WORLD = """Straße STRASSE œuvre ŒUVRE naïve café cafe\u0301 İstanbul ıŞIK ΟΔΟΣ ΣΑΣ Ёлка ø Ø æ Æ ß ẞ đ ð þ Þ ł Ł ﬁn ſ 日本語。 我喜欢，真的！ ｆｕｌｌ １２，３ 한국어 ไทย हिन्दी עברית
שָׁלוֹם العربية مُحَمَّد 😀 👍🏽 👨‍👩‍👧 ♥️ 1️⃣ © ® ™ ° § ¿qué? “smart” ‘quotes’ – — … ‐ ‑ − × ± → ≠ € ¥ ₹ ª º ´ ¨ ˆ \u0301 \u20dd x\u20dd \u0903 क\u0903 \u200b \ufeff \xad \ud800 \x00 \U0001d7d9""".split()
SPACES = [" "] * 30 + ["  ", "\t", "\n", "\x1c", "\x1f", "\x85", "\u00a0", "\u2003", "\u2028", "\u3000", "\ufeff", "-", ", ", ". ", "", "", "'", " '"]


def random_character(rng):
    while True:
        code = rng.choice([rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x10000), rng.randrange(0x10000, 0x20000)])
        if unicodedata.category(chr(code)) not in ("Cn", "Co"):
            return chr(code)


def random_text(rng):
    pools = rng.choice([[NUMBERS], [NUMBERS, DIGITS], [NUMBERS, DIGITS, ENGLISH], [ENGLISH], [ENGLISH, [key.replace("\\b", "") for key in replacers]], [WORLD], [WORLD, DIGITS, ENGLISH]])
    text = ""
    for _ in range(rng.randint(0, rng.choice([3, 6, 12, 30]))):
        word = random_character(rng) if rng.random() < 0.02 else rng.choice(rng.choice(pools))
        text += rng.choice([word] * 8 + [word.upper(), word.title()]) + rng.choice(SPACES)
    # Halves of surrogate pairs that have come together are one character in JSON.
    return json.loads(json.dumps(text))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--keep", type=int)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    cases, failed = [], 0
    while len(cases) < arguments.count:
        text = random_text(rng)
        try:
            cases.append([text, basic(text), english(text)])
        except Exception:  # There are texts that it cannot take.
            failed += 1
    if arguments.keep:
        # The short ones in which most changes, of a large number of different ones.
        cases = [case for case in cases if 10 < len(case[0]) < 130 and case[0] != case[2]]
        cases = sorted(cases, key=lambda case: len(set(case[0].lower().split()) & set(case[2].split())) / len(case[0].split() or [1]))[: arguments.keep * 4]
        cases = rng.sample(cases, arguments.keep)
    head = {
        "source": f"computed by whisper-normalizer {version('whisper-normalizer')}, the code of openai/whisper, on random text",
        "licence": "openai/whisper: MIT, Copyright (c) 2022 OpenAI",
        "made by": f"tests/reference/jiwer/normalizers.py --count {arguments.count} --seed {arguments.seed}" + (f" --keep {arguments.keep}" if arguments.keep else ""),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}, Unicode {unicodedata.unidata_version}; {failed} texts were refused",
        "columns": ["text", "basic", "english"],
    }
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "cases": [\n')
        for i, case in enumerate(cases):
            line = json.dumps(case, ensure_ascii=False)
            # Lone surrogates cannot be written but as escapes.
            line = line if line.encode("utf-8", "ignore").decode() == line else json.dumps(case)
            file.write(line + (",\n" if i + 1 < len(cases) else "\n"))
        file.write("]}\n")


main()
