"""Prefix scores of ESPnet and forced alignments of torchaudio for a few utterances; writes expected.json beside this file."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchaudio

BLANK = 0
END = 2


class Float64Numpy:
    """NumPy for ESPnet's scorer, which asks for float32 arrays: they are made in float64."""

    @staticmethod
    def full(shape, value, dtype):
        return np.full(shape, value)

    @staticmethod
    def ndarray(shape, dtype):
        return np.ndarray(shape)

    def __getattr__(self, name):
        return getattr(np, name)


def espnet(path: str):
    spec = importlib.util.spec_from_file_location("ctc_prefix_score", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CTCPrefixScore


def utterance(seed: int, positions: int, classes: int, spoken: list[int], sharpness: float) -> np.ndarray:
    """Log-probabilities of four decimals that favour `spoken`, a third of the positions each time; the rest favours blanks."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1.5, (positions, classes))
    for i, token in enumerate(spoken):
        first = i * positions // len(spoken)
        last = first + max(positions // len(spoken) // 3, 1)
        logits[first:last, token] += sharpness
        logits[last : (i + 1) * positions // len(spoken), BLANK] += sharpness
    log_probs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return np.round(log_probs, 4).astype(np.float32)


def prefix_scores(scorer_class, log_probs: np.ndarray, tokens: list[int]) -> list[dict]:
    """For each prefix of `tokens` the scores of every class that may follow; END stands for the end, the blank is left out."""
    scorer = scorer_class(log_probs.astype(np.float64), BLANK, END, Float64Numpy())
    classes = np.arange(log_probs.shape[1])
    state = scorer.initial_state()
    rows = []
    for length in range(len(tokens) + 1):
        # The mark that begins a hypothesis is no class here.
        scores, states = scorer([-1, *tokens[:length]], classes, state)
        # ESPnet writes -1e10 where a probability is 0.
        rows.append([None if score < -1e9 else float(score) for score in scores])
        if length < len(tokens):
            state = states[tokens[length]]
    return rows


def alignment(log_probs: np.ndarray, tokens: list[int]) -> dict:
    emissions = torch.from_numpy(log_probs.astype(np.float64))[None]
    path, scores = torchaudio.functional.forced_align(
        emissions, torch.tensor([tokens], dtype=torch.int32), blank=BLANK
    )
    spans = torchaudio.functional.merge_tokens(path[0], scores[0].exp(), blank=BLANK)
    return {
        "starts": [span.start for span in spans],
        "ends": [span.end for span in spans],
        "confidences": [span.score for span in spans],
        "logProb": float(scores.sum()),
    }


def main() -> None:
    scorer = espnet(sys.argv[1])
    cases = []
    for seed, positions, classes, spoken, sharpness, hypotheses in [
        (1, 9, 5, [3, 4, 3], 2.0, [[3, 4, 3], [3, 3, 4]]),
        (2, 30, 8, [3, 4, 4, 7, 5], 3.0, [[3, 4, 4, 7, 5], [3, 4, 7, 7, 5, 6]]),
        (3, 160, 9, [5, 5, 5, 3, 8, 6, 7, 3, 4, 4, 8, 6], 6.0, [[5, 5, 5, 3, 8, 6, 7, 3, 4, 4, 8, 6], [8, 8, 8, 8, 3]]),
    ]:
        log_probs = utterance(seed, positions, classes, spoken, sharpness)
        cases.append(
            {
                "positions": positions,
                "logProbs": [round(float(value), 4) for value in log_probs.ravel()],
                "hypotheses": [
                    {
                        "tokens": tokens,
                        "prefixScores": prefix_scores(scorer, log_probs, tokens),
                        "alignment": alignment(log_probs, tokens),
                    }
                    for tokens in hypotheses
                ],
            }
        )
    target = Path(__file__).with_name("expected.json")
    target.write_text(json.dumps({"blank": BLANK, "end": END, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
