"""Trains small SentencePiece models on made-up text and writes how they split Unicode-rich lines, for sacrebleu-ts to
reproduce.

    python generate.py --seed 1 --count 250 --keep --out packages/sacrebleu-ts/tests/sentencepiece.json
    python generate.py --seed 2 --count 4000 --out cases.json

With --keep only the models that are small once compressed are written; without, all of them, so that the file is large.
Models are compressed (zlib) and in base64.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import random
import tempfile
import unicodedata
import zlib

import sentencepiece

WORDS = """the a dog cat man bit had just bitten him by in of and to was were not surprised it's don't U.S. e-mail well-known
Dr. 3.14 1,000.50 10-20 100% $5 #1 @home a/b C++ (yes) [no] "quoted" ... -- 12:30 ., &amp; <s> </s> <unk> THE Dog CAT
Straße STRASSE ŒUVRE naïve café cafe\u0301 İstanbul ıŞIK ΟΔΟΣ ΣΑΣ Ёлка МОСКВА ſ ŉ ǅ ﬁn Ⅷ ① ½ ² ٣٫١٤ ३.५ 日本語 日本語と混在。 ｶﾞｷﾞ
我喜欢Python，真的！ 他说：“好”。 「引用」 ｆｕｌｌ １２，３ ㈱ ㍿ 漢 𠮷野家 𪛖 丽 한국어 조선 ᄒ\u1161\u11ab ไทย עברית שָׁלוֹם العربية ﷺ ﻻ «oui» “smart”
– — … ‐ − × → ∑ √2 ≠ ™ © ° ¿qué? ¡no! € £ ¥ 😀 👍🏽 👨\u200d👩\u200d👧 🇩🇪 ☃ ♥\ufe0f 1\ufe0f\u20e3 𝔘𝔫𝔦 𝟙𝟚 𐐀𐐨 a\u0301. a\u0308\u0301
.\u0301 \u0301 \u200b \ufeff x\ufeffy \u2060 \u00ad co\u00adop ▁ ▁▁ a▁b \ufffd \u0344 \u212b ẛ\u0323 Ａ Ⓐ""".split()
SPACES = [" "] * 40 + ["  ", "   ", "\t", "\r", "\v", "\x1c", "\x85", "\u00a0", "\u2003", "\u2028", "\u3000", "\u200b", "\u2581", ""]
CONTROLS = ["\x00", "\x01", "\x08", "\x0e", "\x1f", "\x7f", "\x80", "\x9f", "\u200e", "\u202e", "\ue000", "\ufffe", "\uffff", "\U0010ffff"]
SYMBOLS = ["<sep>", "<sepa>", "ﬁ", "THE", "😀", "a b", "\u0301"]
RULES = [("ﬁ", "fi"), ("ß", "ss"), ("A", "a"), ("B", "b"), ("AB", "[ab]"), ("é", "e\u0301"), ("e\u0301", "é"), ("\u3000", " "), ("\t", " "), ("\u00a0", " "),
         ("\u200b", ""), ("…", "..."), (" .", "."), ("ab c", "x  y"), ("日本", "JP "), ("𝟙", "1"), ("👍🏽", "👍"), ("İ", "i"), ("“", " \" "), ("\x01", "")]


def random_character(rng):
    while True:
        code = rng.choice([rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x10000), rng.randrange(0x1_0000, 0x2_0000),
                           rng.randrange(0x1F000, 0x1FB00), rng.randrange(0x2000, 0x3400), rng.randrange(0xF900, 0xFFFF)])
        if unicodedata.category(chr(code)) not in ("Cn", "Cs"):
            return chr(code)


def syllables(rng):
    return "".join(rng.choice("bcdfglmnprst") + rng.choice("aeiou") + rng.choice(["", "", "n", "r", "s"]) for _ in range(rng.randint(1, 4)))


def corpus(seed):
    """Text to train on: made-up words, some much more frequent than others, among real ones."""
    rng = random.Random(seed)
    vocabulary = [syllables(rng) for _ in range(300)] + [word for word in WORDS if not word.startswith("<")]
    weights = [1 / (1 + i) for i in range(len(vocabulary))]
    rng.shuffle(vocabulary)
    return [" ".join(rng.choices(vocabulary, weights, k=rng.randint(3, 14))) for _ in range(3000)]


def random_line(rng, lines):
    kind = rng.random()
    if kind < 0.03:
        return rng.choice(["", " ", "   ", "\t", "\u3000", "\u00a0 ", "▁", " ▁ ", "\x00", "a", " a", "a ", "\u0301", "😀", "\ufeff"])
    if kind < 0.1:
        return "".join(random_character(rng) for _ in range(rng.randint(1, 30)))
    words = []
    for _ in range(rng.randint(1, 16)):
        choice = rng.random()
        if choice < 0.4:
            words.append(rng.choice(rng.choice(lines).split()))
        elif choice < 0.75:
            words.append(rng.choice(WORDS))
        elif choice < 0.8:
            words.append(rng.choice(SYMBOLS + [word for rule in RULES for word in rule]))
        elif choice < 0.84:
            words.append(rng.choice(CONTROLS))
        elif choice < 0.92:
            words.append(syllables(rng) + rng.choice(["", ".", ",", "!", "s"]))
        elif choice < 0.96:
            words.append(rng.choice("ab ▁é日😀") * rng.randint(2, 20))
        else:
            words.append("".join(random_character(rng) for _ in range(rng.randint(1, 4))))
    return "".join(word + rng.choice(SPACES) for word in words)


def train(lines, rules=False, unused=False, **options):
    """A model; `unused` sets aside every third of its longer pieces."""
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        if rules:
            options["normalization_rule_tsv"] = "rules.tsv"
            with open("rules.tsv", "w", encoding="utf-8") as file:
                for source, target in RULES:
                    file.write(" ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in target) + "\n")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_writer=model, num_threads=1, minloglevel=2, hard_vocab_limit=False, **options)
    return set_aside(model.getvalue()) if unused else model.getvalue()


def set_aside(model):
    """Marks every third of the pieces that are longer than a character as unused, which no training does."""
    def varint(at):
        value = shift = 0
        while True:
            value |= (model[at] & 0x7F) << shift
            shift += 7
            at += 1
            if model[at - 1] < 0x80:
                return value, at

    written, at, seen = b"", 0, 0
    while model[at] == 0x0A:  # field 1, the pieces, in front of all else
        length, start = varint(at + 1)
        piece, at = model[start:start + length], start + length
        text = piece[2:2 + piece[1]].decode()
        if len(text) > 1 and piece[2 + piece[1]:][5:6] == b"":  # the score is last: of the normal type
            seen += 1
            if seen % 3 == 0:
                piece += b"\x18\x05"
        assert len(piece) < 0x80
        written += b"\x0a" + bytes([len(piece)]) + piece
    return written + model[at:]


MODELS = {
    "unigram rules": dict(model_type="unigram", vocab_size=500, rules=True, user_defined_symbols=SYMBOLS),
    "bpe rules": dict(model_type="bpe", vocab_size=900, rules=True, unused=True, byte_fallback=True, character_coverage=0.98),
    "unigram nmt_nfkc": dict(model_type="unigram", vocab_size=700, normalization_rule_name="nmt_nfkc"),
    "unigram nmt_nfkc_cf": dict(model_type="unigram", vocab_size=900, normalization_rule_name="nmt_nfkc_cf", byte_fallback=True),
    "unigram nfkc suffix": dict(model_type="unigram", vocab_size=900, normalization_rule_name="nfkc", treat_whitespace_as_suffix=True,
                                character_coverage=0.985),
    "unigram unused": dict(model_type="unigram", vocab_size=600, normalization_rule_name="identity", unused=True),
    "bpe unused": dict(model_type="bpe", vocab_size=900, normalization_rule_name="nmt_nfkc", unused=True),
    "unigram identity": dict(model_type="unigram", vocab_size=600, normalization_rule_name="identity", remove_extra_whitespaces=False,
                             add_dummy_prefix=False, split_by_whitespace=False, allow_whitespace_only_pieces=True),
    "unigram nfkc_cf symbols": dict(model_type="unigram", vocab_size=800, normalization_rule_name="nfkc_cf", user_defined_symbols=SYMBOLS,
                                    control_symbols=["<ctrl>"], split_by_unicode_script=False),
    "bpe nmt_nfkc": dict(model_type="bpe", vocab_size=700, normalization_rule_name="nmt_nfkc", user_defined_symbols=SYMBOLS),
    "bpe nmt_nfkc_cf": dict(model_type="bpe", vocab_size=500, normalization_rule_name="nmt_nfkc_cf", treat_whitespace_as_suffix=True),
    "bpe identity": dict(model_type="bpe", vocab_size=1200, normalization_rule_name="identity", byte_fallback=True,
                         remove_extra_whitespaces=False, split_digits=True, character_coverage=0.98),
}


def bleu(model, lines, rng):
    """sacreBLEU's scores when its model of FLORES-200 is this one, which it takes for one that it downloaded."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/models")
        with open(f"{folder}/models/flores200sacrebleuspm", "wb") as file:
            file.write(model)
        os.environ["SACREBLEU"] = folder
        from sacrebleu.metrics import BLEU
        cases = []
        for _ in range(20):
            references = [random_line(rng, lines) for _ in range(5)]
            hypotheses = [" ".join(word for word in line.split(" ") if rng.random() < 0.9) for line in references]
            metric = BLEU(tokenize="flores200", force=True)
            score = metric.corpus_score(hypotheses, [references])
            cases.append({"hypotheses": hypotheses, "references": references, "text": score.format(width=6), "signature": metric.get_signature().format()})
        return cases


KEPT = ["unigram rules", "bpe rules"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True, help="lines for each model")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    models = []
    lines = corpus(7)
    rng = random.Random(arguments.seed)
    for name in KEPT if arguments.keep else MODELS:
        model = train(lines, **MODELS[name])
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        cases = []
        while len(cases) < arguments.count:
            line = random_line(rng, lines)
            cases.append([line, processor.encode(line, out_type=str)])
        models.append({"name": name, "model": base64.b64encode(zlib.compress(model, 9)).decode(), "cases": cases})
        if len(models) == 1:
            scores = bleu(model, lines, rng)
        print(name, len(model), len(zlib.compress(model, 9)), processor.get_piece_size())
    head = {
        "source": f"pieces computed by Python sentencepiece {sentencepiece.__version__} (Apache-2.0) with models trained on made-up text",
        "made by": f"tests/reference/sentencepiece/generate.py --seed {arguments.seed} --count {arguments.count}" + (" --keep" if arguments.keep else ""),
    }
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + ', "bleu": [\n' + ",\n".join(json.dumps(case, ensure_ascii=False) for case in scores) + '\n], "models": [\n')
        for i, model in enumerate(models):
            cases = model.pop("cases")
            file.write(",\n" * (i > 0) + json.dumps(model)[:-1] + ', "cases": [\n')
            file.write(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]}")
        file.write("\n]}\n")


main()
