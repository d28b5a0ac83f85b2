"""Reference cases of the Conformer layer and of depthwise convolution, with gradients."""

import torch
import torch.nn.functional as F
from operations import rotate
from reference_json import draw, integers, tensor
from torch import Tensor

BATCH, LENGTH, WIDTH, INNER, HEADS = 2, 5, 8, 6, 2
LENGTHS = [5, 3]


def shapes(norm: str, activation: str, kernel: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a layer's parameters, in order."""
    result: dict[str, tuple[int, ...]] = {}

    def add_norm(name: str) -> None:
        result[f"{name}.scale"] = (WIDTH,)
        if norm == "layer":
            result[f"{name}.bias"] = (WIDTH,)

    def add_linear(name: str, inputs: int, outputs: int) -> None:
        result[f"{name}.weight"] = (inputs, outputs)
        result[f"{name}.bias"] = (outputs,)

    def add_feed_forward(name: str) -> None:
        add_norm(f"{name}Norm")
        add_linear(f"{name}.inner", WIDTH, INNER)
        if activation == "swiglu":
            add_linear(f"{name}.gate", WIDTH, INNER)
        add_linear(f"{name}.outer", INNER, WIDTH)

    add_feed_forward("firstFeedForward")
    add_norm("selfAttentionNorm")
    for part in ("query", "key", "value", "output"):
        add_linear(f"selfAttention.{part}", WIDTH, WIDTH)
    add_norm("convolutionNorm")
    add_linear("convolution.inner", WIDTH, WIDTH)
    add_linear("convolution.gate", WIDTH, WIDTH)
    add_linear("convolution.depthwise", kernel, WIDTH)
    add_norm("convolution.norm")
    add_linear("convolution.outer", WIDTH, WIDTH)
    add_feed_forward("secondFeedForward")
    add_norm("norm")
    return result


def layer(x: Tensor, p: dict[str, Tensor], norm: str, activation: str, kernel: int, rotary: bool) -> Tensor:
    """A Conformer layer (Gulati et al., 2020) with layer or RMS normalisation in place of batch normalisation."""
    is_frame = torch.arange(LENGTH) < torch.tensor(LENGTHS)[:, None]  # [B, S]

    def normalise(name: str, x: Tensor) -> Tensor:
        if norm == "rms":
            return F.rms_norm(x, (WIDTH,), p[f"{name}.scale"], 1e-6)
        return F.layer_norm(x, (WIDTH,), p[f"{name}.scale"], p[f"{name}.bias"], 1e-5)

    def linear(name: str, x: Tensor) -> Tensor:
        return F.linear(x, p[f"{name}.weight"].T, p[f"{name}.bias"])

    def feed_forward(name: str, x: Tensor) -> Tensor:
        x = normalise(f"{name}Norm", x)
        inner = linear(f"{name}.inner", x)
        active = F.silu(inner) * linear(f"{name}.gate", x) if activation == "swiglu" else F.relu(inner)
        return linear(f"{name}.outer", active)

    def attention(x: Tensor) -> Tensor:
        x = normalise("selfAttentionNorm", x)
        q, k, v = (
            linear(f"selfAttention.{part}", x).reshape(BATCH, LENGTH, HEADS, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        if rotary:
            q, k = rotate(q, 0, interleaved=False), rotate(k, 0, interleaved=False)
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=is_frame[:, None, None, :])
        return linear("selfAttention.output", context.transpose(1, 2).reshape(x.shape))

    def convolution(x: Tensor) -> Tensor:
        x = normalise("convolutionNorm", x)
        x = F.glu(torch.cat([linear("convolution.inner", x), linear("convolution.gate", x)], dim=-1), dim=-1)
        x = x.masked_fill(~is_frame[:, :, None], 0).transpose(1, 2)
        weight = p["convolution.depthwise.weight"].T[:, None, :]  # [D, 1, k]
        x = F.conv1d(x, weight, p["convolution.depthwise.bias"], padding=kernel // 2, groups=WIDTH)
        return linear("convolution.outer", F.silu(normalise("convolution.norm", x.transpose(1, 2))))

    x = x + feed_forward("firstFeedForward", x) / 2
    x = x + attention(x)
    x = x + convolution(x)
    x = x + feed_forward("secondFeedForward", x) / 2
    return normalise("norm", x)


def layers(generator: torch.Generator) -> list[dict]:
    """Layers of two configurations; the second one's kernel is longer than the sequences."""
    cases = []
    for norm, activation, kernel, positions in (("layer", "relu", 3, "sinusoidal"), ("rms", "swiglu", 11, "rotary")):
        x = draw(generator, BATCH, LENGTH, WIDTH).requires_grad_()
        given = {
            name: (draw(generator, *shape, spread=0.4) + name.endswith(".scale")).detach().requires_grad_()
            for name, shape in shapes(norm, activation, kernel).items()
        }
        y = layer(x, given, norm, activation, kernel, positions == "rotary")
        dy = draw(generator, *y.shape)
        for row, length in enumerate(LENGTHS):  # what stands at padding has no meaning
            dy[row, length:] = 0
        dx, *gradients = torch.autograd.grad(y, [x, *given.values()], dy)
        cases.append(
            {
                "section": {"norm": norm, "activation": activation, "convolutionKernel": kernel, "positions": positions},
                "x": tensor(x),
                "dy": tensor(dy),
                "y": tensor(y),
                "dx": tensor(dx),
                "parameters": [{"name": name, "value": tensor(value)} for name, value in given.items()],
                "gradients": [
                    {"name": name, "value": tensor(gradient)} for name, gradient in zip(given, gradients, strict=True)
                ],
            }
        )
    return cases


def depthwise(generator: torch.Generator) -> list[dict]:
    """Depthwise convolutions with kernels shorter and longer than the sequence."""
    cases = []
    for length, kernel in ((7, 3), (4, 1), (3, 9), (1, 5)):
        x = draw(generator, 2, length, 3).requires_grad_()
        weight = draw(generator, kernel, 3).requires_grad_()
        y = F.conv1d(x.transpose(1, 2), weight.T[:, None, :], padding=kernel // 2, groups=3).transpose(1, 2)
        dy = draw(generator, *y.shape)
        dx, dkernel = torch.autograd.grad(y, [x, weight], dy)
        named = {"x": x, "kernel": weight, "dy": dy, "y": y, "dx": dx, "dkernel": dkernel}
        cases.append(
            {"name": f"length {length}, kernel {kernel}", **{name: tensor(value) for name, value in named.items()}}
        )
    return cases


def conformer() -> dict:
    """Layers and depthwise convolutions."""
    generator = torch.Generator().manual_seed(12)
    return {
        "about": "layers: Conformer layers y = layer(x), x, y: [B, S, D], `lengths` positions of each sequence are there, dy "
        "is 0 at the others; weights of linear maps [in, out], of the depthwise convolution [k, D]. "
        "depthwise: y[b, t, d] = Σᵢ kernel[i, d]·x[b, t + i − (k−1)/2, d].",
        "lengths": integers(torch.tensor(LENGTHS)),
        "sizes": {"modelDim": WIDTH, "feedForwardDim": INNER, "heads": HEADS},
        "layers": layers(generator),
        "depthwise": depthwise(generator),
    }
