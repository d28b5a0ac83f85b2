"""Makes the expected ids and texts of the tokenizer tests with the Python library `tokenizers`.

    pip install tokenizers==0.23.3
    python generate.py [--strings N] [--out DIR]

Reads the `ours-*.json` beside it, which `npx vitest run --project unit -u tests/unit/text` writes from corpus.txt, trains
tokenizers of its own on the same corpus (`theirs-*.json`), and encodes the same strings with all of them (`expected.json`).
All text here was made up for these tests and is under the licence of the project.
"""

import argparse
import json
import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).parent
SPECIALS = ["<pad>", "<s>", "</s>", "<unk>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]

EDGE_CASES = [
    "", " ", "  ", "   ", "\t", "\n", "\r\n", "\x00", "\u2028", "\u0085", "\u00a0", "\u3000", "\ufeff", "\ufeffa", "a\ufeff",
    " a", "a ", " a ", "  a  b  ", "a\tb", "a\nb\n", "\n\n a", " \n ", "a \u3000 b", "\x00\x01\x02", "\x1b", "\x1b_", "\x1b^",
    "\x1b\x1b__^^", "▁", "▁▁", "a▁b", "▁ ▁", " ▁", "▁ ", "▁a ▁b", "<s>", "</s>", "<pad>", "<unk>", "a<s>b", "<s> </s>",
    "<0x41>", "<0x0A><0xE2>", "<0xZZ>", "it's we'll they'd I'M 'tis", "e\u0301 \u0301", "\u200d", "👩‍👩‍👧 👍🏽 ❤️ 🏴", "🇩🇪",
    "½ ² Ⅻ ﬁ Ｍ ㌔", "İ I ı ß ΣΑΣ Σ", "中文 日本語 한국어", "नमस्ते", "مرحبا", "\U0010ffff\uffff\ue000", "123 4,567.89 1️⃣",
    "...!!!???", "__init__ ^^", "a" * 40, "ab" * 25, "\u180e\u200b", "$&$1\\n", "__proto__ constructor 0 1 2",
]  # fmt: skip


def make_strings(count: int, lines: list[str]) -> list[str]:
    """The edge cases, then random mixtures of words, their parts, spaces and rare characters."""
    rng = random.Random(1)
    words = sorted({word for line in lines for word in line.split()})
    rare = "▁\x1b \t\n\u2028éß😀中я\u0301<>_^'\u00a0ﬁ½"

    def part() -> str:
        kind = rng.randrange(6)
        word = rng.choice(words)
        if kind < 3:
            return word
        if kind == 3:
            return word[rng.randrange(len(word)) :].upper()
        if kind == 4:
            return "".join(rng.choice(rare) for _ in range(rng.randrange(1, 4)))
        code = rng.choice([rng.randrange(0x20, 0x7F), rng.randrange(0xA0, 0x2FF), rng.randrange(0x370, 0xD800)])
        return chr(code)

    def mixture() -> str:
        return "".join(part() + rng.choice([" ", " ", " ", "", "  "]) for _ in range(rng.randrange(1, 8)))

    strings = list(EDGE_CASES)
    while len(strings) < count:
        strings.append(mixture())
    return strings


def train_byte_level(lines: list[str]) -> Tokenizer:
    """Byte-level BPE as of GPT-2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=480,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def train_metaspace(lines: list[str]) -> Tokenizer:
    """BPE in the manner of SentencePiece, with byte tokens after the special ones."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIALS, show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    trained = json.loads(tokenizer.to_str())["model"]
    by_id = sorted(trained["vocab"], key=trained["vocab"].get)
    vocab = {token: i for i, token in enumerate(SPECIALS + BYTES + by_id[len(SPECIALS) :])}
    merges = [tuple(pair) for pair in trained["merges"]]
    tokenizer.model = models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace("▁", "always"), decoders.Fuse()])
    return tokenizer


def like_llama(metaspace: Tokenizer) -> Tokenizer:
    """The same vocabulary arranged as in Llama 2's file: no pre-tokenizer, no padding token, `<unk>` first."""
    trained = json.loads(metaspace.to_str())["model"]
    ordinary = sorted(set(trained["vocab"]) - set(SPECIALS), key=trained["vocab"].get)
    vocab = {token: i for i, token in enumerate(["<unk>", "<s>", "</s>", *ordinary])}
    merges = [tuple(pair) for pair in trained["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def train_like_ours(lines: list[str]) -> Tokenizer:
    """Merges learned by `tokenizers` with the normalizer, pre-tokenizer and alphabet of ours-bpe.json."""
    ours = Tokenizer.from_file(str(HERE / "ours-bpe.json"))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer, tokenizer.pre_tokenizer = ours.normalizer, ours.pre_tokenizer
    size = ours.get_vocab_size() - len(BYTES)
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIALS, show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def train_words(lines: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordLevelTrainer(vocab_size=150, special_tokens=SPECIALS, show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def results(tokenizer: Tokenizer, strings: list[str]) -> dict:
    """Ids of each string, and the text decoded from them where it is not the string itself, by the string's number."""
    # The text of a special token in the input is text, as in s2s.
    tokenizer.encode_special_tokens = True
    ids = [tokenizer.encode(string, add_special_tokens=False).ids for string in strings]
    texts = [tokenizer.decode(sequence) for sequence in ids]
    decoded = {i: text for i, (text, string) in enumerate(zip(texts, strings)) if text != string}
    return {"ids": ids, "decoded": decoded}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strings", type=int, default=120)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    lines = (HERE / "corpus.txt").read_text(encoding="utf-8").splitlines()
    strings = make_strings(arguments.strings, lines)

    theirs = {"theirs-byte-level": train_byte_level(lines), "theirs-metaspace": train_metaspace(lines)}
    theirs["theirs-llama"] = like_llama(theirs["theirs-metaspace"])
    theirs["theirs-word"] = train_words(lines)
    expected = {name: results(tokenizer, strings) for name, tokenizer in theirs.items()}
    for name, tokenizer in theirs.items():
        (arguments.out / f"{name}.json").write_text(tokenizer.to_str() + "\n", encoding="utf-8")
    for path in sorted(HERE.glob("ours-*.json")):
        expected[path.stem] = results(Tokenizer.from_file(str(path)), strings)

    # Ids that are no text: broken and mixed runs of bytes, special tokens, a first token without a marker.
    rng = random.Random(2)
    byte_ids = [[rng.randrange(4, 260) for _ in range(rng.randrange(1, 6))] for _ in range(12)]
    sequences = [[], [0, 1, 2], [1, 270, 2, 0], [3, 270], [4 + 0xE2, 4 + 0x96, 4 + 0x81], [4 + 0xC3, 290, 4 + 0xA9], *byte_ids]
    for name in ["ours-bpe", "ours-byte-bpe", "theirs-byte-level", "theirs-metaspace"]:
        folder = HERE if name.startswith("ours") else arguments.out
        tokenizer = Tokenizer.from_file(str(folder / f"{name}.json"))
        expected[name]["sequences"] = [[sequence, tokenizer.decode(sequence)] for sequence in sequences]

    merges = json.loads(train_like_ours(lines).to_str())["model"]["merges"]
    body = ",\n".join(f"{json.dumps(name)}: {json.dumps(part, separators=(',', ':'))}" for name, part in expected.items())
    text = f'{{"strings": {json.dumps(strings)},\n"merges": {json.dumps(merges)},\n{body}}}\n'
    (arguments.out / "expected.json").write_text(text, encoding="utf-8")


main()
