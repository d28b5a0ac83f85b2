"""Scores random trees with EVALB and with the evaluation of the CoNLL 2018 shared task, for src/metrics/trees to reproduce. See README.md.

    python make.py --evalb ./evalb --conll conll18_ud_eval.py --count 3000 --seed 1 --out cases.json
    python make.py --evalb ./evalb --conll conll18_ud_eval.py --count 60 --seed 7 --out tests/reference/trees/expected.json
"""

import argparse
import importlib.util
import io
import json
import random
import subprocess
import tempfile
from pathlib import Path

# As in src/metrics/trees/evalb.ts.
COLLINS = {
    "labelled": True,
    "deleteLabels": ["TOP", "-NONE-", ",", ":", "``", "''", "."],
    "deleteLabelsForLength": ["-NONE-"],
    "equalLabels": [["ADVP", "PRT"]],
    "equalWords": [],
    "cutoffLength": 40,
}
# Equality that is not transitive, labels that are left out because they equal others, and a length that many sentences exceed.
OWN = {
    "labelled": True,
    "deleteLabels": ["TOP", "X", "."],
    "deleteLabelsForLength": ["X", "DT"],
    "equalLabels": [["NP", "VP"], ["VP", "PP"], ["X", "ADVP"], ["NN", "NNS"]],
    "equalWords": [["dog", "dogs"]],
    "cutoffLength": 4,
}
UNLABELLED = {**COLLINS, "labelled": False, "deleteLabels": ["TOP"]}

PHRASES = "S NP VP PP ADVP PRT X NP-SBJ PP-LOC-1 NP=2 S-TPC=1 TOP -NONE- -LRB- .".split() + ["", "NP", "VP"]
TAGS = "NN NNS DT VBZ IN ADVP PRT X NN-T -NONE- , : `` '' . NONE".split()
WORDS = "dog dogs the a Dog . , * *T*-1 é 犬 '' x".split()


def tree(rng, depth):
    if depth == 0 or rng.random() < 0.3:
        return [rng.choice(TAGS[:6] * 3 + TAGS), rng.choice(WORDS)]
    return [rng.choice(PHRASES), [tree(rng, depth - 1) for _ in range(rng.choice([1, 1, 2, 2, 3]))]]


def vary(rng, node, chance):
    """Changes labels and words, takes brackets away and puts others in. Gives trees in a row."""
    label, content = node
    if rng.random() < chance:
        label = rng.choice(TAGS if isinstance(content, str) else PHRASES)
    if isinstance(content, str):
        word = rng.choice(WORDS) if rng.random() < chance / 8 else content
        rows = [[label, word]]
        if rng.random() < chance / 8:
            rows.append([rng.choice(TAGS), rng.choice(WORDS)])
    else:
        children = [row for child in content for row in vary(rng, child, chance)]
        if len(children) > 2 and rng.random() < chance:
            at = rng.randrange(len(children) - 1)
            children[at : at + 2] = [[rng.choice(PHRASES), children[at : at + 2]]]
        rows = children if rng.random() < chance else [[label, children]]
    return [[rng.choice(PHRASES), rows]] if rng.random() < chance / 2 else rows


def leaves(node):
    label, content = node
    return [node] if isinstance(content, str) else [leaf for child in content for leaf in leaves(child)]


def bracketed(rng, row):
    """Any tree over nodes in a row."""
    while len(row) > 1:
        at = rng.randrange(len(row) - 1)
        row = row[:at] + [[rng.choice(PHRASES), row[at : at + 2]]] + row[at + 2 :]
    return row[0]


def written(rng, node):
    label, content = node
    if isinstance(content, str):
        return f"({label} {content})"
    inner = rng.choice(["", "", " "]).join(written(rng, child) for child in content)
    empty = rng.choice(["(X)", "(NP)", "(. )"]) if rng.random() < 0.02 else ""
    return f"({label}{rng.choice([' ', ' ', ''])}{inner}{empty})"


def bracketed_pair(rng):
    gold = tree(rng, rng.randint(1, 4))
    changed = bracketed(rng, leaves(gold)) if rng.random() < 0.3 else gold
    trees = vary(rng, changed, rng.choice([0, 0.1, 0.3]))
    output = " ".join(written(rng, node) for node in trees)
    what = rng.random()
    if what < 0.03:
        output = ""
    elif what < 0.06:
        # Unbalanced, with a word that counts: without any, EVALB skips the sentence.
        output = "(S (NN dog) " + output
    return written(rng, gold), output


def evalb(program, parameters, pairs):
    """The rows of EVALB's table, without percentages, and the numbers of its summaries."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        lines = ["DEBUG 0", "MAX_ERROR 1000000", f"CUTOFF_LEN {parameters['cutoffLength']}", f"LABELED {int(parameters['labelled'])}"]
        lines += [f"DELETE_LABEL {label}" for label in parameters["deleteLabels"]]
        lines += [f"DELETE_LABEL_FOR_LENGTH {label}" for label in parameters["deleteLabelsForLength"]]
        lines += [f"EQ_LABEL {one} {other}" for one, other in parameters["equalLabels"]]
        lines += [f"EQ_WORD {one} {other}" for one, other in parameters["equalWords"]]
        for name, rows in [("prm", lines), ("gld", [gold for gold, _ in pairs]), ("tst", [output for _, output in pairs])]:
            (folder / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        command = [program, "-p", folder / "prm", folder / "gld", folder / "tst"]
        printed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout
    rows = [line.split() for line in printed.split("=\n")[1].splitlines()[: len(pairs)]]
    assert len(rows) == len(pairs), printed[-2000:]
    rows = [[int(row[i]) for i in (1, 2, 5, 6, 7, 8, 9, 10)] for row in rows]
    # EVALB prints what it counted up to the error, which then counts in nothing.
    rows = [row if row[1] == 0 else row[:2] + [0] * 6 for row in rows]
    numbers = [float(line.split("=")[-1]) for line in printed.split("=== Summary ===")[1].splitlines() if " = " in line]
    return rows, numbers[:12], numbers[12:]


def heads(rng, words):
    """A random tree: words in random order, each depending on one before it."""
    order = rng.sample(range(1, words + 1), words)
    found = {order[0]: 0}
    for at, word in enumerate(order[1:], 1):
        found[word] = rng.choice(order[:at])
    return [found[word] for word in range(1, words + 1)]


def attached(rng, words):
    relations = "nsubj nsubj:pass obj obl obl:tmod punct det aux:pass aux acl:relcl".split()
    return [(head, "root" if head == 0 else rng.choice(relations)) for head in heads(rng, words)]


def attached_pair(rng):
    words = rng.randint(1, 12)
    gold = attached(rng, words)
    if rng.random() < 0.5:
        return gold, attached(rng, words)
    relation = lambda old: rng.choice([old, old, old.split(":")[0], old.split(":")[0] + ":x", "dep"])
    return gold, [(head, relation(old)) for head, old in gold]


def conllu(sentences):
    rows = []
    for number, sentence in enumerate(sentences):
        for i, (head, relation) in enumerate(sentence, 1):
            rows.append("\t".join([str(i), f"w{number}x{i}", "_", "X", "_", "_", str(head), relation, "_", "_"]))
        rows.append("")
    return io.StringIO("\n".join(rows) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--evalb", required=True, help="the program")
    parser.add_argument("--conll", required=True, help="conll18_ud_eval.py")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    spec = importlib.util.spec_from_file_location("conll", args.conll)
    conll = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conll)
    rng = random.Random(args.seed)

    parts = []
    for name, parameters in [("COLLINS", COLLINS), ("own", OWN), ("unlabelled", UNLABELLED)]:
        pairs = [bracketed_pair(rng) for _ in range(args.count)]
        rows, everything, short = evalb(args.evalb, parameters, pairs)
        cases = [[gold, output, row] for (gold, output), row in zip(pairs, rows)]
        listed = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        head = json.dumps({"name": name, "parameters": parameters, "all": everything, "short": short})[:-1]
        parts.append(f'{head}, "cases": [\n{listed}\n]}}')

    pairs = [attached_pair(rng) for _ in range(args.count)]
    line = lambda sentence: " ".join(f"{head}:{relation}" for head, relation in sentence)
    scores = lambda golds, outputs: conll.evaluate(conll.load_conllu(conllu(golds)), conll.load_conllu(conllu(outputs)))
    cases = []
    for gold, output in pairs:
        found = scores([gold], [output])
        cases.append([line(gold), line(output), found["UAS"].correct, found["LAS"].correct])
    total = scores([gold for gold, _ in pairs], [output for _, output in pairs])
    listed = ",\n".join(json.dumps(case) for case in cases)
    head = json.dumps({"uas": 100 * total["UAS"].f1, "las": 100 * total["LAS"].f1})[:-1]
    with open(args.out, "w", encoding="utf-8") as file:
        file.write('{"evalb": [\n' + ",\n".join(parts) + f'\n],\n"attachments": {head}, "cases": [\n{listed}\n]}}}}\n')


main()
