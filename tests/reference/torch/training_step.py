"""Two training steps of a tiny Transformer with Adam and AdamW: loss, gradients, clipping, parameters and moments."""

import torch
from reference_json import integers, tensor
from torch import Tensor
from transformer import (
    LAYER_NORM_EPSILON,
    PADDING,
    Batch,
    Parameters,
    PlainTransformer,
    Size,
    initial_parameters,
    label_smoothed_loss,
    library_loss_and_gradients,
)

SIZE = Size()
SMOOTHING = 0.1
LEARNING_RATE = 1e-2
BETAS = (0.9, 0.98)
EPSILON = 1e-9
CLIP = 1.0
STEPS = 2
# What is recorded after a step, and below which size float64 values are rounding noise: second moments are squares.
STATES = {"parameters": 1e-14, "firstMoments": 1e-14, "secondMoments": 1e-28}
WEIGHT_DECAYS = {"adam": 0.0, "adamW": 0.1}
# Ids 1 and 2 play beginning and end of sequence; both sides are ragged.
BATCH = Batch(
    source=torch.tensor([[5, 3, 8, 10, 2], [7, 4, 2, 0, 0]]),
    target_input=torch.tensor([[1, 6, 9, 3], [1, 4, 0, 0]]),
    target_labels=torch.tensor([[6, 9, 3, 2], [4, 2, 0, 0]]),
)
# Tensors whose moments are written in full after every step; of the others there are digests.
FULL = ["encoder.layers.0.selfAttention.query.weight", "decoder.layers.1.feedForwardNorm.scale"]


def inputs() -> dict:
    """What both models share: sizes, batch, initial parameters and the optimizers' settings."""
    return {
        "about": "Inputs of the two training-step cases. Weights are [in, out]: y = x·W + b. ReLU, dropout 0, "
        "sinusoidal positions, embeddings times √width, output = hidden·target.embeddingᵀ without bias, loss averaged "
        "over labels that are not padding. encoder.norm and decoder.norm belong to the pre-norm model only. Clipping: "
        "gradients times min(1, clip / (norm + 1e-6)). adamW decays every parameter.",
        "size": SIZE.json(),
        "padding": PADDING,
        "layerNormEpsilon": LAYER_NORM_EPSILON,
        "labelSmoothing": SMOOTHING,
        "optimizer": {
            "learningRate": LEARNING_RATE,
            "beta1": BETAS[0],
            "beta2": BETAS[1],
            "epsilon": EPSILON,
            "clip": CLIP,
            "weightDecay": WEIGHT_DECAYS,
        },
        "batch": {
            "source": integers(BATCH.source),
            "targetInput": integers(BATCH.target_input),
            "targetLabels": integers(BATCH.target_labels),
        },
        "parameters": {name: tensor(value) for name, value in initial_parameters(SIZE).items()},
    }


def record(pre_norm: bool) -> dict:
    """The committed case, in float64, with the distance at which PyTorch's own float32 lies from it."""
    exact = _run_all(pre_norm, torch.float64)
    single = _run_all(pre_norm, torch.float32)
    first = exact["adam"][0]
    _check_against_library(pre_norm, first)
    assert first["gradientNorm"] > CLIP, "the case should exercise clipping"
    return {
        "about": "float64 results for the inputs of training-step.json. gradients and gradientNorm are those before "
        "clipping. After each step every tensor has a digest, and some tensors are there in full; after the last step "
        "of adam, all parameters are. A digest is [norm, projection] of the parameters, of the first moments and of "
        "the second moments, with norm = √Σx² and projection = Σ cos(i)·xᵢ over the flattened tensor. float32Distance "
        "is the largest |float32 − float64| of PyTorch itself, without the key biases.",
        "loss": first["loss"],
        "gradientNorm": first["gradientNorm"],
        "float32": {"loss": single["adam"][0]["loss"], "gradientNorm": single["adam"][0]["gradientNorm"]},
        "float32Distance": {
            what: max(
                _distance(a[what], b[what]) for kind in exact for a, b in zip(exact[kind], single[kind], strict=True)
            )
            for what in ("gradients", *STATES)
        },
        "gradients": {name: tensor(value, 7) for name, value in first["gradients"].items()},
        "optimizers": {kind: [_summary(step) for step in steps] for kind, steps in exact.items()},
        "parametersAfterLastAdamStep": {name: tensor(x, 7) for name, x in exact["adam"][-1]["parameters"].items()},
    }


def complete_record(pre_norm: bool, dtype: torch.dtype) -> dict:
    """Every gradient, parameter and moment of both steps, for debugging; too large to commit."""
    return {
        kind: [
            {
                key: {name: tensor(x, 17, 0.0) for name, x in value.items()} if isinstance(value, dict) else value
                for key, value in step.items()
            }
            for step in steps
        ]
        for kind, steps in _run_all(pre_norm, dtype).items()
    }


def _run_all(pre_norm: bool, dtype: torch.dtype) -> dict[str, list[dict]]:
    return {kind: _run(pre_norm, dtype, decay) for kind, decay in WEIGHT_DECAYS.items()}


def _run(pre_norm: bool, dtype: torch.dtype, weight_decay: float) -> list[dict]:
    """STEPS steps on the same batch; one record of loss, gradients before clipping, parameters and moments a step."""
    parameters: Parameters = {
        name: value.to(dtype).requires_grad_()
        for name, value in initial_parameters(SIZE).items()
        if pre_norm or name.split(".")[1] != "norm"
    }
    model = PlainTransformer(parameters, SIZE, pre_norm)
    kind = torch.optim.AdamW if weight_decay else torch.optim.Adam
    optimizer = kind(parameters.values(), lr=LEARNING_RATE, betas=BETAS, eps=EPSILON, weight_decay=weight_decay)
    steps = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = label_smoothed_loss(model.logits(BATCH), BATCH.target_labels, SMOOTHING)
        loss.backward()
        gradients = {name: value.grad.clone() for name, value in parameters.items()}
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), CLIP)
        optimizer.step()
        steps.append(
            {
                "loss": float(f"{loss.item():.12g}"),
                "gradientNorm": float(f"{norm.item():.12g}"),
                "gradients": gradients,
                "parameters": {name: value.detach().clone() for name, value in parameters.items()},
                "firstMoments": {name: optimizer.state[value]["exp_avg"].clone() for name, value in parameters.items()},
                "secondMoments": {
                    name: optimizer.state[value]["exp_avg_sq"].clone() for name, value in parameters.items()
                },
            }
        )
    return steps


def _check_against_library(pre_norm: bool, step: dict) -> None:
    """Fail unless torch.nn's Transformer gives the same loss and the same gradient of every parameter."""
    loss, gradients = library_loss_and_gradients(initial_parameters(SIZE), SIZE, pre_norm, BATCH, SMOOTHING)
    assert gradients.keys() == step["gradients"].keys()
    assert abs(loss.item() - step["loss"]) < 1e-10, "the loss differs from torch.nn's"
    for name, gradient in gradients.items():
        close = torch.allclose(step["gradients"][name], gradient, rtol=1e-10, atol=1e-13)
        assert close, f"the gradient of {name} differs from torch.nn's"


def _summary(step: dict) -> dict:
    return {
        "loss": step["loss"],
        "gradientNorm": step["gradientNorm"],
        "digests": {
            name: [_digest(step[what][name], noise) for what, noise in STATES.items()] for name in step["parameters"]
        },
        "full": {what: {name: tensor(step[what][name], 7, noise) for name in FULL} for what, noise in STATES.items()},
    }


def _digest(x: Tensor, noise: float) -> list[float]:
    """Norm and projection: two numbers that change when any value of the tensor changes or moves."""
    flat = x.reshape(-1)
    projection = (torch.cos(torch.arange(len(flat), dtype=torch.float64)) * flat).sum()
    return tensor(torch.stack([flat.norm(), projection]), 8, noise)["data"]


def _distance(exact: dict[str, Tensor], single: dict[str, Tensor]) -> float:
    """Largest absolute difference. A key bias cannot change the loss, so its gradient is rounding noise, which Adam
    magnifies to steps as large as the learning rate: it is left out."""
    names = [name for name in exact if not name.endswith("key.bias")]
    return float(f"{max((exact[n] - single[n].double()).abs().max().item() for n in names):.3g}")
