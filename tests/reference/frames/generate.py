"""Writes expected.json: the parts of models that write frames and their losses, with gradients, by PyTorch in float64.

    python generate.py

needs torch. Every sequence is computed by itself, without padding and with PyTorch's own zero padding of convolutions, so
that the numbers say what a padded batch must come to.
"""

import base64
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

HERE = Path(__file__).resolve().parent
WIDTH, INNER, HEADS, FEATURES, REDUCTION, VOCABULARY = 8, 12, 2, 4, 2, 11
PRENET, KERNEL, CHANNELS = 6, 3, 6
POSTNET_LAYERS, DURATION_LAYERS, ENCODER_LAYERS, DECODER_LAYERS = 3, 2, 1, 2
LOSS = {"l1Weight": 1, "l2Weight": 0.5, "stopWeight": 0.7, "stopPositiveWeight": 5, "durationWeight": 2}
GUIDED = {"weight": 2, "sigma": 0.25, "layers": 1, "heads": 1}

Parameters = dict[str, Tensor]
generator = torch.Generator().manual_seed(1)


def draw(*shape: int, spread: float = 1.0) -> Tensor:
    """Normal numbers in whole 256ths, which float32 holds exactly."""
    return (torch.randn(shape, generator=generator, dtype=torch.float64) * spread * 256).round() / 256


def encoded(value: Tensor, kind: str) -> dict:
    data = value.detach().contiguous().numpy().astype("<i2" if kind == "int16" else "<f4").tobytes()
    return {"shape": list(value.shape), kind: base64.b64encode(data).decode()}


def drawn(value: Tensor) -> dict:
    """What was drawn, in 256ths."""
    assert (value.abs() < 128).all() and (value * 256 == (value * 256).round()).all()
    return encoded(value * 256, "int16")


def computed(value: Tensor) -> dict:
    return encoded(value, "float32")


# Shapes of parameters; weights are [in, out]


def linear_shapes(name: str, inputs: int, outputs: int) -> dict:
    return {f"{name}.weight": (inputs, outputs), f"{name}.bias": (outputs,)}


def norm_shapes(name: str, width: int = WIDTH) -> dict:
    return {f"{name}.scale": (width,), f"{name}.bias": (width,)}


def prenet_shapes() -> dict:
    return {
        **linear_shapes("prenet.layers.0", FEATURES, PRENET),
        **linear_shapes("prenet.layers.1", PRENET, PRENET),
        **linear_shapes("prenet.output", PRENET, WIDTH),
    }


def postnet_shapes() -> dict:
    shapes = {}
    for i in range(POSTNET_LAYERS):
        inputs, outputs = FEATURES if i == 0 else CHANNELS, FEATURES if i == POSTNET_LAYERS - 1 else CHANNELS
        shapes |= linear_shapes(f"postnet.layers.{i}", KERNEL * inputs, outputs)
        if i < POSTNET_LAYERS - 1:
            shapes |= norm_shapes(f"postnet.layers.{i}.norm", CHANNELS)
    return shapes


def duration_shapes() -> dict:
    shapes = {}
    for i in range(DURATION_LAYERS):
        shapes |= linear_shapes(f"duration.layers.{i}", KERNEL * WIDTH, WIDTH)
        shapes |= norm_shapes(f"duration.layers.{i}.norm")
    return shapes | linear_shapes("duration.output", WIDTH, 1)


def attention_shapes(name: str) -> dict:
    shapes = norm_shapes(f"{name}Norm")
    for part in ("query", "key", "value", "output"):
        shapes |= linear_shapes(f"{name}.{part}", WIDTH, WIDTH)
    return shapes


def layer_shapes(stack: str, count: int, crosses: bool) -> dict:
    shapes = {}
    for i in range(count):
        layer = f"{stack}.layers.{i}"
        shapes |= attention_shapes(f"{layer}.selfAttention")
        if crosses:
            shapes |= attention_shapes(f"{layer}.crossAttention")
        shapes |= norm_shapes(f"{layer}.feedForwardNorm")
        shapes |= linear_shapes(f"{layer}.feedForward.inner", WIDTH, INNER)
        shapes |= linear_shapes(f"{layer}.feedForward.outer", INNER, WIDTH)
    return shapes | norm_shapes(f"{stack}.norm")


def model_shapes(kind: str) -> dict:
    is_parallel = kind == "parallel"
    ends = duration_shapes() if is_parallel else prenet_shapes() | linear_shapes("output.stop", WIDTH, 1)
    return {
        "source.embedding": (VOCABULARY, WIDTH),
        **ends,
        **linear_shapes("output.frames", WIDTH, REDUCTION * FEATURES),
        **postnet_shapes(),
        **layer_shapes("encoder", ENCODER_LAYERS, False),
        **layer_shapes("decoder", DECODER_LAYERS, not is_parallel),
    }


def parameters(shapes: dict) -> Parameters:
    values = {}
    for name, shape in shapes.items():
        spread = 0.2 if name.endswith((".bias", ".scale")) else shape[0] ** -0.5
        values[name] = (draw(*shape, spread=spread) + name.endswith(".scale")).requires_grad_()
    return values


# The model, a sequence at a time: [positions, width]


def linear(p: Parameters, name: str, x: Tensor) -> Tensor:
    return F.linear(x, p[f"{name}.weight"].T, p[f"{name}.bias"])


def norm(p: Parameters, name: str, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], p[f"{name}.scale"], p[f"{name}.bias"])


def convolve(p: Parameters, name: str, x: Tensor) -> Tensor:
    inputs = x.shape[1]
    weight = p[f"{name}.weight"]
    kernel = weight.reshape(len(weight) // inputs, inputs, -1).permute(2, 1, 0)  # [out, in, taps]
    return F.conv1d(x.T[None], kernel, p[f"{name}.bias"], padding=kernel.shape[2] // 2)[0].T


def sinusoids(length: int) -> Tensor:
    angles = torch.arange(length, dtype=torch.float64)[:, None] * torch.exp(
        torch.arange(0, WIDTH, 2, dtype=torch.float64) * (-math.log(10000.0) / WIDTH)
    )
    return torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(length, WIDTH)


def attend(p: Parameters, name: str, x: Tensor, memory: Tensor, causal: bool = False) -> tuple[Tensor, Tensor]:
    """The projected result and the weights [heads, queries, keys]."""

    def heads(part: str, y: Tensor) -> Tensor:
        return linear(p, f"{name}.{part}", y).reshape(len(y), HEADS, -1).transpose(0, 1)

    query, key, value = heads("query", x), heads("key", memory), heads("value", memory)
    scores = query @ key.transpose(1, 2) / math.sqrt(WIDTH / HEADS)
    if causal:
        scores = scores.masked_fill(torch.ones(len(x), len(x), dtype=torch.bool).triu(1), -torch.inf)
    weights = scores.softmax(-1)
    context = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
    torch.testing.assert_close(weights @ value, context)
    return linear(p, f"{name}.output", context.transpose(0, 1).reshape(len(x), WIDTH)), weights


def feed_forward(p: Parameters, layer: str, x: Tensor) -> Tensor:
    inner = linear(p, f"{layer}.feedForward.inner", norm(p, f"{layer}.feedForwardNorm", x))
    return linear(p, f"{layer}.feedForward.outer", F.relu(inner))


def encode(p: Parameters, stack: str, count: int, x: Tensor) -> Tensor:
    for i in range(count):
        layer = f"{stack}.layers.{i}"
        y = norm(p, f"{layer}.selfAttentionNorm", x)
        x = x + attend(p, f"{layer}.selfAttention", y, y)[0]
        x = x + feed_forward(p, layer, x)
    return norm(p, f"{stack}.norm", x)


def decode(p: Parameters, x: Tensor, memory: Tensor) -> tuple[Tensor, list[Tensor]]:
    """States and cross-attention weights of each layer."""
    seen = []
    for i in range(DECODER_LAYERS):
        layer = f"decoder.layers.{i}"
        y = norm(p, f"{layer}.selfAttentionNorm", x)
        x = x + attend(p, f"{layer}.selfAttention", y, y, causal=True)[0]
        y, weights = attend(p, f"{layer}.crossAttention", norm(p, f"{layer}.crossAttentionNorm", x), memory)
        seen.append(weights)
        x = x + y
        x = x + feed_forward(p, layer, x)
    return norm(p, "decoder.norm", x), seen


def prenet(p: Parameters, frames: Tensor, masks: list[Tensor] | None = None) -> Tensor:
    x = frames
    for i in range(2):
        x = F.relu(linear(p, f"prenet.layers.{i}", x))
        if masks:
            x = x * masks[i]
    return linear(p, "prenet.output", x) + sinusoids(len(frames))


def postnet(p: Parameters, frames: Tensor) -> Tensor:
    x = frames
    for i in range(POSTNET_LAYERS):
        x = convolve(p, f"postnet.layers.{i}", x)
        if i < POSTNET_LAYERS - 1:
            x = torch.tanh(norm(p, f"postnet.layers.{i}.norm", x))
    return frames + x


def log_durations(p: Parameters, memory: Tensor) -> Tensor:
    x = memory
    for i in range(DURATION_LAYERS):
        x = norm(p, f"duration.layers.{i}.norm", F.relu(convolve(p, f"duration.layers.{i}", x)))
    return linear(p, "duration.output", x)[:, 0]


def parallel_states(p: Parameters, memory: Tensor, durations: Tensor) -> Tensor:
    x = memory.repeat_interleave(durations, dim=0)
    return encode(p, "decoder", DECODER_LAYERS, x + sinusoids(len(x)))


def memory_of(p: Parameters, ids: Tensor) -> Tensor:
    x = F.embedding(ids, p["source.embedding"]) * math.sqrt(WIDTH) + sinusoids(len(ids))
    return encode(p, "encoder", ENCODER_LAYERS, x)


# Cases


def part(lengths: list[int], width: int, shapes: dict, run, output_width: int | None) -> dict:
    """A part of the model on sequences of some lengths, and the gradients of Σ dy·y."""
    p = parameters(shapes)
    xs = [draw(length, width).requires_grad_() for length in lengths]
    ys = [run(p, x, i) for i, x in enumerate(xs)]
    dys = [draw(*y.shape) for y in ys]
    sum((y * dy).sum() for y, dy in zip(ys, dys, strict=True)).backward()
    assert all((output_width is None) == (y.dim() == 1) for y in ys)
    return {
        "parameters": {name: drawn(value) for name, value in p.items()},
        "x": [drawn(x) for x in xs],
        "dy": [drawn(dy) for dy in dys],
        "y": [computed(y) for y in ys],
        "dx": [computed(x.grad) for x in xs],
        "gradients": {name: computed(value.grad) for name, value in p.items()},
    }


def parts() -> dict:
    masks = [[(draw(length, PRENET) > 0) * 2.0 for _ in range(2)] for length in (4, 4)]
    durations = [torch.tensor([2, 0, 3, 1]), torch.tensor([1, 2])]
    return {
        "convolution": part(
            [7, 4], FEATURES, linear_shapes("layer", 5 * FEATURES, 3), lambda p, x, _: convolve(p, "layer", x), 3
        ),
        "prenet": {
            "masks": [drawn(torch.cat(each, dim=1)) for each in masks],
            **part([4, 4], FEATURES, prenet_shapes(), lambda p, x, i: prenet(p, x, masks[i]), WIDTH),
        },
        "postnet": part([7, 3, 1], FEATURES, postnet_shapes(), lambda p, x, _: postnet(p, x), FEATURES),
        "durations": part([5, 2, 4], WIDTH, duration_shapes(), lambda p, x, _: log_durations(p, x), None),
        "parallel": {
            "durations": [each.tolist() for each in durations],
            **part(
                [4, 2],
                WIDTH,
                layer_shapes("decoder", DECODER_LAYERS, False),
                lambda p, x, i: parallel_states(p, x, durations[i]),
                WIDTH,
            ),
        },
    }


def guided_attention(seen: list[Tensor]) -> Tensor:
    """What each target position is charged (Tachibana et al., 2018), of the last layers and first heads, [T]."""
    chosen = torch.stack([weights[: GUIDED["heads"]] for weights in seen[-GUIDED["layers"] :]])
    targets, sources = chosen.shape[-2:]
    t = (torch.arange(targets, dtype=torch.float64) + 0.5)[:, None] / targets
    s = (torch.arange(sources, dtype=torch.float64) + 0.5)[None] / sources
    charge = 1 - torch.exp(-((t - s) ** 2) / (2 * GUIDED["sigma"] ** 2))
    return (chosen * charge).sum(-1).mean((0, 1))


def loss_of(kind: str, p: Parameters, source: Tensor, target: Tensor, durations: Tensor) -> dict[str, Tensor]:
    """The parts of the loss of one utterance, summed over its positions. @param target [frames, FEATURES]"""
    positions = -(-len(target) // REDUCTION)
    memory = memory_of(p, source)
    if kind == "parallel":
        states = parallel_states(p, memory, durations)
        # As much as its target positions, whatever its length
        error = F.mse_loss(log_durations(p, memory), torch.log1p(durations.double()))
        more = {"durations": LOSS["durationWeight"] * positions * error}
    else:
        padded = F.pad(target, (0, 0, 0, positions * REDUCTION - len(target)))
        last = padded[REDUCTION - 1 :: REDUCTION]
        states, seen = decode(p, prenet(p, torch.cat([torch.zeros_like(last[:1]), last[:-1]])), memory)
        stop = F.binary_cross_entropy_with_logits(
            linear(p, "output.stop", states)[:, 0],
            F.one_hot(torch.tensor(positions - 1), positions).double(),
            pos_weight=torch.tensor(float(LOSS["stopPositiveWeight"])),
            reduction="sum",
        )
        more = {"stop": LOSS["stopWeight"] * stop, "guided": GUIDED["weight"] * guided_attention(seen).sum()}
    written = linear(p, "output.frames", states).reshape(-1, FEATURES)
    # The postnet sees the frames that there are, without what fills the last position up.
    before = written[: len(target)]
    result = {}
    for name, frames in {"before": before, "after": postnet(p, before)}.items():
        l1, l2 = F.l1_loss(frames, target, reduction="sum"), F.mse_loss(frames, target, reduction="sum")
        result[name] = (LOSS["l1Weight"] * l1 + LOSS["l2Weight"] * l2) / FEATURES / REDUCTION
    return result | more


def whole_loss(kind: str) -> dict:
    """Loss per target position of a batch, and the gradients of all parameters."""
    p = parameters(model_shapes(kind))
    lengths = [([2, 1, 3, 1], 13), ([1, 0, 3], 7), ([2, 1, 1, 1, 0], 10)]
    examples = [
        (torch.randint(3, VOCABULARY, (len(durations),), generator=generator), draw(frames, FEATURES), torch.tensor(durations))
        for durations, frames in lengths
    ]
    positions = sum(-(-frames // REDUCTION) for _, frames in lengths)
    each = [loss_of(kind, p, *example) for example in examples]
    sums = {name: sum(losses[name] for losses in each) / positions for name in each[0]}
    total = sum(sums.values())
    total.backward()
    return {
        "parameters": {name: drawn(value) for name, value in p.items()},
        "examples": [
            {"source": source.tolist(), "target": drawn(target), "durations": durations.tolist()}
            for source, target, durations in examples
        ],
        "loss": total.item(),
        "parts": {name: value.item() for name, value in sums.items()},
        "gradients": {name: computed(value.grad) for name, value in p.items()},
    }


def main() -> None:
    content = {
        "source": f"torch {torch.__version__.split('+')[0]}, float64, written as float32",
        "model": {
            "modelDim": WIDTH, "feedForwardDim": INNER, "heads": HEADS,
            "encoderLayers": ENCODER_LAYERS, "decoderLayers": DECODER_LAYERS,
        },
        "frames": {"reduction": REDUCTION, "postnetLayers": POSTNET_LAYERS, "postnetChannels": CHANNELS, "postnetKernel": KERNEL},
        "autoregressiveFrames": {"prenetDim": PRENET, "prenetDropout": 0},
        "parallelFrames": {"durationLayers": DURATION_LAYERS, "durationKernel": KERNEL, "durationDropout": 0},
        "vocabulary": VOCABULARY,
        "features": FEATURES,
        "loss": LOSS,
        "guidedAttention": GUIDED,
        "parts": parts(),
        "losses": {kind: whole_loss(kind) for kind in ("autoregressive", "parallel")},
    }
    (HERE / "expected.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
