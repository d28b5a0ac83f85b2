"""Reference cases of the front ends of frames: frames [B, S, 4·F] → [B, S, D], with gradients."""

import torch
import torch.nn.functional as F
from reference_json import draw, tensor
from torch import Tensor

BATCH, LENGTH, CHANNELS, WIDTH = 2, 3, 3, 6


def conv2d(frames: Tensor, given: dict[str, Tensor]) -> Tensor:
    """Two nn.Conv2d of stride 2 with ReLU, one zero before each axis, and a linear map of (frequency, channel)."""
    batch, length, width = frames.shape
    features = width // 4
    x = frames.reshape(batch, 1, 4 * length, features)
    x = F.pad(x, (0, -features % 4))
    for i in range(2):
        inputs = x.shape[1]
        matrix = given[f"source.convolution.{i}.weight"]
        # [9·C, C′] → [C′, C, 3, 3]
        kernel = matrix.reshape(3, 3, inputs, -1).permute(3, 2, 0, 1)
        layer = torch.nn.Conv2d(inputs, kernel.shape[0], kernel_size=3, stride=2)
        named = {"weight": kernel, "bias": given[f"source.convolution.{i}.bias"]}
        x = torch.relu(torch.func.functional_call(layer, named, (F.pad(x, (1, 0, 1, 0)),)))
    # [B, S, F/4, C]
    flat = x.permute(0, 2, 3, 1).reshape(batch, length, -1)
    return flat @ given["source.projection.weight"] + given["source.projection.bias"]


def stack(frames: Tensor, given: dict[str, Tensor]) -> Tensor:
    """One linear map of four frames."""
    return F.linear(frames, given["source.projection.weight"].T, given["source.projection.bias"])


def conv_front_end() -> dict:
    """Both kinds of front end; one number of features is no multiple of 4."""
    generator = torch.Generator().manual_seed(11)
    cases = []
    for kind, features in (("conv2d", 8), ("conv2d", 6), ("stack", 6)):
        bins = (features + 3) // 4
        shapes = {
            "source.convolution.0.weight": (9, CHANNELS),
            "source.convolution.0.bias": (CHANNELS,),
            "source.convolution.1.weight": (9 * CHANNELS, CHANNELS),
            "source.convolution.1.bias": (CHANNELS,),
            "source.projection.weight": (bins * CHANNELS, WIDTH),
            "source.projection.bias": (WIDTH,),
        }
        if kind == "stack":
            shapes = {"source.projection.weight": (4 * features, WIDTH), "source.projection.bias": (WIDTH,)}
        frames = draw(generator, BATCH, LENGTH, 4 * features)
        given = {name: draw(generator, *shape, spread=0.5).requires_grad_() for name, shape in shapes.items()}
        y = {"conv2d": conv2d, "stack": stack}[kind](frames, given)
        dy = draw(generator, BATCH, LENGTH, WIDTH)
        gradients = torch.autograd.grad(y, list(given.values()), dy)
        cases.append(
            {
                "kind": kind,
                "features": features,
                "frames": tensor(frames),
                "dy": tensor(dy),
                "y": tensor(y),
                "parameters": [{"name": name, "value": tensor(value)} for name, value in given.items()],
                "gradients": [
                    {"name": name, "value": tensor(gradient)} for name, gradient in zip(given, gradients, strict=True)
                ],
            }
        )
    return {
        "about": "Front ends: y [B, S, D] of frames [B, S, 4·F]. conv2d: relu(conv) twice, 3×3, stride 2, one zero before time "
        "and frequency, frequency filled up with zeros to a multiple of 4, then a linear map of [frequency, channel]; "
        "convolution weights [9·C, C′], rows by tap in time, tap in frequency, input channel. stack: one linear map.",
        "cases": cases,
    }
