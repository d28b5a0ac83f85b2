"""Runs Python's sacreBLEU command and writes what it prints as JSON, for the command `sacrebleu-ts` to print as well.

    python generate_cli.py --out packages/sacrebleu-ts/tests/command.json
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import sacrebleu

WORDS = "the a dog cat man bit had just bitten him by in of and to was were not it's U.S. 3.14 Dr. (yes) „nein“ Ωμέγα 日本 naïve".split()
OPTIONS = [
    ["ref0", "-i", "base"],
    ["ref0", "-i", "base", "-f", "text"],
    ["ref0", "ref1", "-i", "base", "-f", "text", "-w", "4"],
    ["ref0", "-i", "base", "-m", "bleu", "chrf", "ter"],
    ["ref0", "-i", "base", "-m", "ter", "chrf", "bleu", "-f", "text"],
    ["ref0", "-i", "base", "-m", "bleu", "chrf", "ter", "-f", "text", "-w", "2", "--short"],
    ["ref0", "-i", "base", "-b"],
    ["ref0", "-i", "base", "-b", "-w", "6", "-m", "bleu", "chrf", "-f", "text"],
    ["ref0", "-i", "base", "-lc", "-tok", "intl", "-s", "floor", "-sv", "0.25", "-f", "text"],
    ["ref0", "-i", "base", "-tok", "char", "-s", "add-k", "--short"],
    ["ref0", "-i", "base", "-m", "chrf", "--chrf-word-order", "2", "--chrf-beta", "3", "--chrf-whitespace"],
    ["ref0", "-i", "base", "-m", "chrf", "-cc", "4", "--chrf-lowercase", "--chrf-eps-smoothing", "-f", "text"],
    ["ref0", "-i", "base", "-m", "ter", "--ter-case-sensitive", "--ter-no-punct", "--ter-normalized", "--ter-asian-support", "-f", "text"],
    ["ref0", "-i", "base", "-sl"],
    ["ref0", "ref1", "-i", "base", "-sl", "-f", "text", "-w", "3", "--short"],
    ["ref0", "-i", "base", "-sl", "-m", "chrf", "-b"],
    ["tabs", "-nr", "2", "-i", "base", "-f", "text"],
    ["ref0", "-i", "base", "-ci", "-f", "text"],
    ["ref0", "-i", "base", "-ci", "-cin", "200", "-w", "2", "-m", "bleu", "chrf"],
    ["ref0", "-i", "base", "new"],
    ["ref0", "-i", "base", "new", "worse", "-m", "bleu", "chrf", "ter", "-f", "text"],
    ["ref0", "-i", "base", "new", "-m", "bleu", "ter", "-f", "latex", "-w", "2"],
    ["ref0", "-i", "base", "new", "worse", "-m", "bleu", "chrf", "ter", "-f", "text", "--paired-bs"],
    ["ref0", "-i", "base", "new", "base", "-m", "bleu", "-f", "text", "--paired-bs", "-pbsn", "300", "--short"],
    ["ref0", "-i", "base", "new", "worse", "-m", "bleu", "chrf", "ter", "-f", "text", "--paired-ar", "-parn", "2000"],
    ["ref0", "-i", "base", "new", "-m", "bleu", "-f", "latex", "--paired-ar", "-parn", "500"],
    ["ref0", "-i", "base", "new", "-m", "bleu", "chrf", "--paired-ar", "-parn", "500"],
]


def noisy(rng, line, rate):
    words = line.split(" ")
    for i in range(len(words)):
        if rng.random() < rate:
            words[i] = rng.choice(WORDS)
    if rng.random() < rate:
        words.append(rng.choice([".", "!"]))
    return " ".join(words)


def make_files(rng):
    first = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 14))) + rng.choice([".", "", "!", " "]) for _ in range(40)]
    files = {"ref0": first}
    for name, rate in {"ref1": 0.2, "base": 0.3, "new": 0.22, "worse": 0.5}.items():
        files[name] = [noisy(rng, line, rate) for line in first]
    files["tabs"] = [f"{a}\t{b}" for a, b in zip(files["ref0"], files["ref1"])]
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    files = make_files(random.Random(5))
    runs = []
    environment = {**os.environ, "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            pathlib.Path(folder, name).write_text(text, encoding="utf-8", newline="\n")
        for options in OPTIONS:
            done = subprocess.run([sys.executable, "-m", "sacrebleu", *options, "-q"], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=True)
            runs.append({"options": options, "stdout": done.stdout})
        piped = subprocess.run([sys.executable, "-m", "sacrebleu", "ref0", "-q", "-f", "text"], cwd=folder, env=environment, input=files["base"], capture_output=True, encoding="utf-8", check=True)
        runs.append({"options": ["ref0", "-f", "text"], "stdin": files["base"], "stdout": piped.stdout})
        both = "".join(f"{a}\t{b}\n" for a, b in zip(files["base"].splitlines(), files["new"].splitlines()))
        piped = subprocess.run([sys.executable, "-m", "sacrebleu", "ref0", "-q", "-f", "text", "--paired-bs"], cwd=folder, env=environment, input=both, capture_output=True, encoding="utf-8", check=True)
        runs.append({"options": ["ref0", "-f", "text", "--paired-bs"], "stdin": both, "stdout": piped.stdout})
    head = {"source": f"printed by the command of Python sacreBLEU {sacrebleu.__version__} (Apache-2.0)", "made by": "tests/reference/sacrebleu/generate_cli.py", "files": files, "runs": runs}
    pathlib.Path(arguments.out).write_text(json.dumps(head, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


main()
