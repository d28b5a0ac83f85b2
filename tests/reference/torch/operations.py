"""Reference cases of single operations with their gradients: y = f(inputs), and d(inputs) for a given upstream dy."""

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from reference_json import draw, integers, tensor
from torch import Tensor

MASKED = -1e9  # JSON has no -Infinity; exp(score - 1e9) is exactly 0 in float32 and float64


def normalisation() -> dict:
    """Layer norm (epsilon 1e-5) and RMS norm (epsilon 1e-6) over the last axis."""
    generator = torch.Generator().manual_seed(1)
    plain = draw(generator, 2, 3, 5)
    shifted = draw(generator, 3, 8) + 100  # a large mean: E[x²] − E[x]² would lose its digits in float32
    constant = torch.cat([torch.full((1, 6), 2.5), torch.zeros(1, 6), draw(generator, 1, 6)])  # zero variance rows
    layer_cases, rms_cases = [], []
    for name, x in (("plain", plain), ("large mean", shifted), ("constant rows", constant)):
        width = x.shape[-1]
        given = {
            "x": x,
            "gamma": 1 + draw(generator, width, spread=0.3),
            "beta": draw(generator, width, spread=0.3),
        }
        dy = draw(generator, *x.shape)
        layer_cases.append({"name": name, "epsilon": 1e-5, **_differentiate(_layer_norm, given, dy)})
        del given["beta"]
        rms_cases.append({"name": name, "epsilon": 1e-6, **_differentiate(_rms_norm, given, dy)})
    return {
        "about": "Normalisation over the last axis. layerNorm: y = gamma·(x − mean)/√(variance + epsilon) + beta "
        "with the biased variance; rmsNorm: y = gamma·x/√(mean(x²) + epsilon).",
        "layerNorm": layer_cases,
        "rmsNorm": rms_cases,
    }


def _layer_norm(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return F.layer_norm(x, (x.shape[-1],), gamma, beta, 1e-5)


def _rms_norm(x: Tensor, gamma: Tensor) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), gamma, 1e-6)


def attention() -> dict:
    """softmax(q·kᵀ/√width + mask)·v for [batch, heads, time, width]."""
    generator = torch.Generator().manual_seed(2)
    cases = []
    for name, queries, keys, lengths, causal in (
        ("no mask", 3, 5, None, False),
        ("padding", 3, 5, [5, 3], False),
        ("causal", 4, 4, None, True),
        ("causal and padding", 4, 4, [4, 2], True),
    ):
        given = {
            "q": draw(generator, 2, 2, queries, 4),
            "k": draw(generator, 2, 2, keys, 4),
            "v": draw(generator, 2, 2, keys, 4),
        }
        mask = torch.zeros(2, 1, queries, keys)  # broadcast over the heads
        if lengths is not None:
            for row, length in enumerate(lengths):
                mask[row, :, :, length:] = MASKED
        if causal:
            mask += torch.full((queries, keys), MASKED).triu(1)
            mask.clamp_(min=MASKED)

        def core(q: Tensor, k: Tensor, v: Tensor, mask: Tensor = mask) -> Tensor:
            return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + mask, dim=-1) @ v

        theirs = F.scaled_dot_product_attention(given["q"], given["k"], given["v"], attn_mask=mask)
        torch.testing.assert_close(core(**given), theirs)
        dy = draw(generator, 2, 2, queries, 4)
        cases.append({"name": name, "mask": tensor(mask), **_differentiate(core, given, dy)})
    return {
        "about": "Scaled dot-product attention: y = softmax(q·kᵀ/√width + mask)·v. q, y: [batch, heads, query, width]; "
        f"k, v: [batch, heads, key, width]; mask: [batch, 1, query, key], 0 or {MASKED:g}.",
        "cases": cases,
    }


def cross_entropy() -> dict:
    """Weighted label-smoothed cross-entropy of logits = hidden·embeddingᵀ."""
    generator = torch.Generator().manual_seed(3)
    targets = torch.tensor([4, 0, 6, 1, 0, 2])
    weights = torch.tensor([1.0, 0.0, 1.0, 0.5, 0.0, 2.0])  # positions 1 and 4 are padding
    hidden = draw(generator, 6, 4)
    embedding = draw(generator, 7, 4)
    cases = []
    for name, scale in (("plain", 1), ("logits in the hundreds", 128)):  # exp would overflow without the maximum
        for epsilon in (0.0, 0.1):

            def loss(hidden: Tensor, embedding: Tensor, epsilon: float = epsilon) -> Tensor:
                log_p = torch.log_softmax(hidden @ embedding.T, dim=-1)
                likelihood = log_p.gather(1, targets[:, None])[:, 0]
                return -(weights * ((1 - epsilon) * likelihood + epsilon * log_p.mean(dim=-1))).sum()

            given = {"hidden": hidden * scale, "embedding": embedding}
            each = F.cross_entropy(given["hidden"] @ embedding.T, targets, reduction="none", label_smoothing=epsilon)
            torch.testing.assert_close(loss(**given), (weights * each).sum())
            case = _differentiate(loss, given, torch.tensor(1.0))
            case["loss"] = case.pop("y")["data"][0]
            case.pop("dy")
            cases.append({"name": name, "labelSmoothing": epsilon, **case})
    return {
        "about": "loss = Σᵢ weightᵢ·[(1−ε)·(−log p(targetᵢ)) + ε·mean over the classes of (−log p)], "
        "p = softmax(hidden·embeddingᵀ), ε = labelSmoothing. hidden: [N, width]; embedding: [classes, width].",
        "targets": integers(targets),
        "weights": tensor(weights),
        "cases": cases,
    }


def rotate(x: Tensor, offset: int, interleaved: bool, base: float = 10000.0) -> Tensor:
    """Rotary positions for x [..., time, width]; row t is turned by the angles of position offset + t."""
    width = x.shape[-1]
    frequencies = base ** (-torch.arange(0, width, 2, dtype=x.dtype) / width)
    angles = (offset + torch.arange(x.shape[-2], dtype=x.dtype))[:, None] * frequencies  # [time, width / 2]
    if interleaved:
        first, second = x[..., 0::2], x[..., 1::2]
    else:
        first, second = x[..., : width // 2], x[..., width // 2 :]
    turned_first = first * angles.cos() - second * angles.sin()
    turned_second = first * angles.sin() + second * angles.cos()
    if interleaved:
        return torch.stack([turned_first, turned_second], dim=-1).reshape(x.shape)
    return torch.cat([turned_first, turned_second], dim=-1)


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """[positions, width]: column 2i is sin(position / 10000^(2i/width)), column 2i + 1 the cosine of the same angle."""
    angles = positions[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(len(positions), width)


def positions() -> dict:
    """Rotary positions in both layouts and the sinusoidal table."""
    generator = torch.Generator().manual_seed(4)
    rotary = []
    for layout in ("half", "interleaved"):
        for offset in (0, 3):
            x = draw(generator, 2, 2, 4, 8)
            turn = partial(rotate, offset=offset, interleaved=layout == "interleaved")
            if layout == "interleaved":  # the same turn as a complex product
                frequencies = 10000.0 ** (-torch.arange(0, 8, 2) / 8)
                angles = (offset + torch.arange(4))[:, None] * frequencies
                turned = torch.view_as_complex(x.reshape(2, 2, 4, 4, 2)) * torch.polar(torch.ones_like(angles), angles)
                torch.testing.assert_close(turn(x), torch.view_as_real(turned).reshape(x.shape))
            dy = draw(generator, 2, 2, 4, 8)
            rotary.append({"layout": layout, "offset": offset, **_differentiate(turn, {"x": x}, dy)})
    table = torch.tensor([0, 1, 2, 3, 10, 100, 511])
    return {
        "about": "rotary (RoFormer, base 10000), x: [batch, heads, time, width], row t at position offset + t; pair i "
        "turns by position/10000^(2i/width). Layout half (GPT-NeoX, Llama in Hugging Face): pair i is columns i and "
        "i + width/2; interleaved (RoFormer, GPT-J): columns 2i and 2i + 1. sinusoidal (Attention is all you need): "
        "column 2i is sin(position/10000^(2i/width)), column 2i + 1 its cosine.",
        "rotary": rotary,
        "sinusoidal": {"positions": integers(table), "table": tensor(sinusoids(table.double(), 8), 12)},
    }


def feed_forward() -> dict:
    """GELU in both forms and the SwiGLU feed-forward block."""
    generator = torch.Generator().manual_seed(5)
    x = torch.cat([torch.tensor([-30.0, -6.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 30.0]), draw(generator, 9)])
    dy = draw(generator, len(x))
    given = {
        "x": draw(generator, 2, 3, 4),
        "gate": draw(generator, 4, 6, spread=0.5),
        "inner": draw(generator, 4, 6, spread=0.5),
        "outer": draw(generator, 6, 4, spread=0.5),
    }
    return {
        "about": "geluErf: x·Φ(x); geluTanh: x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))). "
        "swiGlu (Shazeer 2020, no biases): y = (silu(x·gate) ∘ (x·inner))·outer, weights [in, out].",
        "geluErf": _differentiate(F.gelu, {"x": x}, dy),
        "geluTanh": _differentiate(partial(F.gelu, approximate="tanh"), {"x": x}, dy),
        "swiGlu": _differentiate(_swiglu, given, draw(generator, 2, 3, 4)),
    }


def _swiglu(x: Tensor, gate: Tensor, inner: Tensor, outer: Tensor) -> Tensor:
    return (F.silu(x @ gate) * (x @ inner)) @ outer


def _differentiate(function: Callable[..., Tensor], given: dict[str, Tensor], dy: Tensor) -> dict:
    """The inputs by name, y, dy, and the gradient dNAME of Σ y·dy for every input NAME."""
    leaves = {name: value.clone().requires_grad_() for name, value in given.items()}
    y = function(**leaves)
    gradients = torch.autograd.grad(y, list(leaves.values()), dy)
    return {
        **{name: tensor(value) for name, value in given.items()},
        "dy": tensor(dy),
        "y": tensor(y),
        **{f"d{name}": tensor(gradient) for name, gradient in zip(leaves, gradients, strict=True)},
    }
