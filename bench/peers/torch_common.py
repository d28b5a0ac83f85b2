"""What the PyTorch measurements share: the reference model on torch.nn.Transformer, the step protocol, memory."""

import argparse
import json
import math
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

PADDING = 0
FIRST_WORD = 3  # ids below are padding, beginning and end of sequence
LONGEST = 512


@dataclass(frozen=True)
class Size:
    """The reference size of the speed comparisons; every field is also a command line option."""

    width: int = 256
    inner: int = 1024
    heads: int = 4
    layers: int = 3  # of the encoder, and as many of the decoder
    vocabulary: int = 8000


class Translator(nn.Module):
    """Pre-norm encoder-decoder with sinusoidal positions; the target embedding is also the output projection."""

    def __init__(self, size: Size, dropout: float) -> None:
        super().__init__()
        self.size = size
        self.source_embedding = nn.Embedding(size.vocabulary, size.width)
        self.target_embedding = nn.Embedding(size.vocabulary, size.width)
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, std=size.width**-0.5)
        angles = torch.arange(LONGEST)[:, None] * torch.exp(
            torch.arange(0, size.width, 2) * (-math.log(10000.0) / size.width)
        )
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(LONGEST, size.width)
        self.register_buffer("positions", table, persistent=False)
        self.register_buffer("future", torch.ones(LONGEST, LONGEST, dtype=torch.bool).triu(1), persistent=False)
        self.dropout = nn.Dropout(dropout)
        options = {"dim_feedforward": size.inner, "dropout": dropout, "batch_first": True, "norm_first": True}
        encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(size.width, size.heads, **options),
            size.layers,
            nn.LayerNorm(size.width),
            enable_nested_tensor=False,  # of no use to pre-norm layers, and PyTorch warns of it
        )
        self.transformer = nn.Transformer(
            size.width, size.heads, num_decoder_layers=size.layers, custom_encoder=encoder, **options
        )

    def embed(self, embedding: nn.Embedding, ids: Tensor, start: int = 0) -> Tensor:
        """Token plus position embeddings of ids [B, T] at the positions from `start` on."""
        scaled = embedding(ids) * math.sqrt(self.size.width)
        return self.dropout(scaled + self.positions[start : start + ids.shape[1]])

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Scores [B, T, V] of the next target tokens for source ids [B, S] and target ids [B, T]."""
        length = target.shape[1]
        hidden = self.transformer(
            self.embed(self.source_embedding, source),
            self.embed(self.target_embedding, target),
            tgt_mask=self.future[:length, :length],
            src_key_padding_mask=source == PADDING,
            tgt_key_padding_mask=target == PADDING,
            memory_key_padding_mask=source == PADDING,
            tgt_is_causal=True,  # else PyTorch compares the mask's values to find out, which splits a compiled graph
        )
        return hidden @ self.target_embedding.weight.T


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Options of every measurement: model size, threads, seed, and how results are printed."""
    for field in fields(Size):
        parser.add_argument(f"--{field.name}", type=int, default=field.default, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--warm-up", type=int, default=2, metavar="N", help="unmeasured steps first (default: 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument(
        "--interactive",
        action="store_true",
        help='read "step N" lines from standard input, answer each with one JSON line; "quit" ends; no warm-up',
    )


def prepare(arguments: argparse.Namespace) -> Size:
    """Set threads and seed; return the model size."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    return Size(**{field.name: getattr(arguments, field.name) for field in fields(Size)})


def run(arguments: argparse.Namespace, step: Callable[[], None], description: dict, units: dict[str, int]) -> None:
    """Measure `step`, as a batch of steps or driven from standard input.

    `units` are the things one step handles, for example {"targetTokens": 3072}; results hold each per second,
    from the median step. `description` is copied into the results.
    """
    if arguments.interactive:
        _serve(step, units)
        return
    for _ in range(arguments.warm_up):
        step()
    result = {"peer": f"PyTorch {torch.__version__}", **description, **_measure(step, arguments.steps, units)}
    if arguments.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key}: {value}")


def _serve(step: Callable[[], None], units: dict[str, int]) -> None:
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            return
        if len(words) != 2 or words[0] != "step" or not words[1].isdecimal() or int(words[1]) == 0:
            sys.exit(f'expected "step N" with N at least 1, or "quit"; got {line.strip()!r}')
        print(json.dumps(_measure(step, int(words[1]), units)), flush=True)


def _measure(step: Callable[[], None], count: int, units: dict[str, int]) -> dict:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    median = statistics.median(times)
    return {
        "ms": [round(each, 2) for each in times],
        "medianMs": round(median, 2),
        **{f"{unit}PerSecond": round(number / median * 1e3, 1) for unit, number in units.items()},
        "peakRssMB": round(_peak_rss_mb()),
    }


def _peak_rss_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)  # bytes on macOS, kB on Linux
