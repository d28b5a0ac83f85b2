"""An encoder-decoder Transformer in plain tensor operations over named parameters, and its twin in torch.nn."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from operations import MASKED, sinusoids
from reference_json import draw
from torch import Tensor, nn

PADDING = 0
LAYER_NORM_EPSILON = 1e-5
Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Size:
    """The sizes of the model; the vocabulary is the same for source and target."""

    width: int = 8
    heads: int = 2
    inner: int = 16
    layers: int = 2
    vocabulary: int = 11

    def json(self) -> dict:
        return asdict(self)


def initial_parameters(size: Size) -> Parameters:
    """Small random values on a grid of 1/32; norms near 1 and 0. Linear weights are [in, out]: y = x·W + b."""
    generator = torch.Generator().manual_seed(6)
    parameters: Parameters = {}

    def embedding(name: str) -> None:
        parameters[name] = draw(generator, size.vocabulary, size.width, spread=size.width**-0.5, grid=32)

    def linear(name: str, rows: int, columns: int) -> None:
        parameters[f"{name}.weight"] = draw(generator, rows, columns, spread=rows**-0.5, grid=32)
        parameters[f"{name}.bias"] = draw(generator, columns, spread=0.1, grid=32)

    def norm(name: str) -> None:
        parameters[f"{name}.scale"] = 1 + draw(generator, size.width, spread=0.1, grid=32)
        parameters[f"{name}.bias"] = draw(generator, size.width, spread=0.1, grid=32)

    embedding("source.embedding")
    embedding("target.embedding")
    for stack, attentions in (("encoder", ["self"]), ("decoder", ["self", "cross"])):
        for layer in range(size.layers):
            prefix = f"{stack}.layers.{layer}"
            for kind in attentions:
                for projection in ("query", "key", "value", "output"):
                    linear(f"{prefix}.{kind}Attention.{projection}", size.width, size.width)
                norm(f"{prefix}.{kind}AttentionNorm")
            linear(f"{prefix}.feedForward.inner", size.width, size.inner)
            linear(f"{prefix}.feedForward.outer", size.inner, size.width)
            norm(f"{prefix}.feedForwardNorm")
        norm(f"{stack}.norm")  # used by the pre-norm model only
    return parameters


@dataclass(frozen=True)
class Batch:
    """Padded token ids: source [B, S], target_input [B, T] and target_labels [B, T]."""

    source: Tensor
    target_input: Tensor
    target_labels: Tensor


def label_smoothed_loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Label-smoothed cross-entropy, averaged over the labels that are not padding."""
    log_p = torch.log_softmax(logits, dim=-1)
    likelihood = log_p.gather(-1, labels[..., None])[..., 0]
    each = -(1 - smoothing) * likelihood - smoothing * log_p.mean(dim=-1)
    real = (labels != PADDING).to(each.dtype)
    return (each * real).sum() / real.sum()


class PlainTransformer:
    """The model written out by hand; dropout 0, ReLU, sinusoidal positions, tied target and output embedding."""

    def __init__(self, parameters: Parameters, size: Size, pre_norm: bool) -> None:
        self.parameters = parameters
        self.size = size
        self.pre_norm = pre_norm

    def logits(self, batch: Batch) -> Tensor:
        """Scores [B, T, V] of the next target token."""
        source_mask = self._padding_mask(batch.source)
        target_mask = self._padding_mask(batch.target_input)
        length = batch.target_input.shape[1]
        causal = torch.full((length, length), MASKED, dtype=target_mask.dtype).triu(1)
        target_mask = (target_mask + causal).clamp(min=MASKED)

        # [B, S, D]
        x = self._embed("source.embedding", batch.source)
        for layer in range(self.size.layers):
            name = f"encoder.layers.{layer}"
            x = self._residual(f"{name}.selfAttention", x, lambda n, h: self._attention(n, h, h, source_mask))
            x = self._residual(f"{name}.feedForward", x, self._feed_forward)
        memory = self._norm("encoder.norm", x) if self.pre_norm else x

        # [B, T, D]
        x = self._embed("target.embedding", batch.target_input)
        for layer in range(self.size.layers):
            name = f"decoder.layers.{layer}"
            x = self._residual(f"{name}.selfAttention", x, lambda n, h: self._attention(n, h, h, target_mask))
            x = self._residual(f"{name}.crossAttention", x, lambda n, h: self._attention(n, h, memory, source_mask))
            x = self._residual(f"{name}.feedForward", x, self._feed_forward)
        if self.pre_norm:
            x = self._norm("decoder.norm", x)
        return x @ self.parameters["target.embedding"].T

    def _padding_mask(self, ids: Tensor) -> Tensor:
        # [B, 1, 1, key], broadcast over heads and queries
        dtype = self.parameters["source.embedding"].dtype
        return (ids == PADDING).to(dtype)[:, None, None, :] * MASKED

    def _embed(self, name: str, ids: Tensor) -> Tensor:
        table = self.parameters[name]
        positions = sinusoids(torch.arange(ids.shape[1], dtype=torch.float64), self.size.width)
        return table[ids] * math.sqrt(self.size.width) + positions.to(table.dtype)

    def _residual(self, name: str, x: Tensor, sublayer: Callable[[str, Tensor], Tensor]) -> Tensor:
        if self.pre_norm:
            return x + sublayer(name, self._norm(f"{name}Norm", x))
        return self._norm(f"{name}Norm", x + sublayer(name, x))

    def _norm(self, name: str, x: Tensor) -> Tensor:
        centred = x - x.mean(dim=-1, keepdim=True)
        variance = (centred * centred).mean(dim=-1, keepdim=True)
        normalised = centred / torch.sqrt(variance + LAYER_NORM_EPSILON)
        return normalised * self.parameters[f"{name}.scale"] + self.parameters[f"{name}.bias"]

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return x @ self.parameters[f"{name}.weight"] + self.parameters[f"{name}.bias"]

    def _heads(self, x: Tensor) -> Tensor:
        # [B, time, D] -> [B, H, time, D / H]
        return x.reshape(*x.shape[:2], self.size.heads, -1).transpose(1, 2)

    def _attention(self, name: str, queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        q = self._heads(self._linear(f"{name}.query", queries))
        k = self._heads(self._linear(f"{name}.key", keys))
        v = self._heads(self._linear(f"{name}.value", keys))
        # [B, H, query, key]
        probabilities = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + mask, dim=-1)
        return self._linear(f"{name}.output", (probabilities @ v).transpose(1, 2).reshape(queries.shape))

    def _feed_forward(self, name: str, x: Tensor) -> Tensor:
        return self._linear(f"{name}.outer", torch.relu(self._linear(f"{name}.inner", x)))


def library_loss_and_gradients(
    parameters: Parameters, size: Size, pre_norm: bool, batch: Batch, smoothing: float
) -> tuple[Tensor, Parameters]:
    """Loss and gradients of the same model built from torch.nn layers: an independent check of PlainTransformer."""
    options = dict(dim_feedforward=size.inner, dropout=0.0, batch_first=True, norm_first=pre_norm)
    final = (lambda: nn.LayerNorm(size.width)) if pre_norm else (lambda: None)
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(size.width, size.heads, **options), size.layers, final(), enable_nested_tensor=False
    )
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(size.width, size.heads, **options), size.layers, final())
    model = nn.Transformer(
        size.width, size.heads, custom_encoder=encoder, custom_decoder=decoder, batch_first=True
    ).double()
    tables = {
        name: nn.Embedding.from_pretrained(parameters[f"{name}.embedding"].detach().clone(), freeze=False)
        for name in ("source", "target")
    }
    ours_of = _library_layout(size, pre_norm)
    with torch.no_grad():
        for theirs, parameter in model.named_parameters():
            parameter.copy_(torch.cat([_transpose(parameters[name]) for name in ours_of[theirs]]))

    def embed(table: nn.Embedding, ids: Tensor) -> Tensor:
        return table(ids) * math.sqrt(size.width) + sinusoids(torch.arange(ids.shape[1]).double(), size.width)

    causal = torch.ones(batch.target_input.shape[1], batch.target_input.shape[1], dtype=torch.bool).triu(1)
    hidden = model(
        embed(tables["source"], batch.source),
        embed(tables["target"], batch.target_input),
        tgt_mask=causal,
        src_key_padding_mask=batch.source == PADDING,
        tgt_key_padding_mask=batch.target_input == PADDING,
        memory_key_padding_mask=batch.source == PADDING,
    )
    logits = hidden @ tables["target"].weight.T
    loss = nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.target_labels.flatten(), ignore_index=PADDING, label_smoothing=smoothing
    )
    loss.backward()
    gradients = {f"{name}.embedding": table.weight.grad for name, table in tables.items()}
    for theirs, parameter in model.named_parameters():
        parts = parameter.grad.chunk(len(ours_of[theirs]))
        gradients.update({name: _transpose(part) for name, part in zip(ours_of[theirs], parts, strict=True)})
    return loss.detach(), gradients


def _transpose(x: Tensor) -> Tensor:
    return x.T if x.ndim == 2 else x


def _library_layout(size: Size, pre_norm: bool) -> dict[str, list[str]]:
    """For each torch.nn parameter the names of ours that, transposed and stacked, make it."""
    layout: dict[str, list[str]] = {}
    for stack, blocks in (
        ("encoder", [("self_attn", "selfAttention"), (None, "feedForward")]),
        ("decoder", [("self_attn", "selfAttention"), ("multihead_attn", "crossAttention"), (None, "feedForward")]),
    ):
        for layer in range(size.layers):
            prefix = f"{stack}.layers.{layer}"
            for index, (theirs, ours) in enumerate(blocks, start=1):
                for kind in ("weight", "bias"):
                    name = f"{prefix}.{ours}"
                    layout[f"{prefix}.norm{index}.{kind}"] = [f"{name}Norm.{'scale' if kind == 'weight' else 'bias'}"]
                    if theirs is None:
                        layout[f"{prefix}.linear1.{kind}"] = [f"{name}.inner.{kind}"]
                        layout[f"{prefix}.linear2.{kind}"] = [f"{name}.outer.{kind}"]
                    else:
                        layout[f"{prefix}.{theirs}.in_proj_{kind}"] = [
                            f"{name}.{projection}.{kind}" for projection in ("query", "key", "value")
                        ]
                        layout[f"{prefix}.{theirs}.out_proj.{kind}"] = [f"{name}.output.{kind}"]
        if pre_norm:
            layout[f"{stack}.norm.weight"] = [f"{stack}.norm.scale"]
            layout[f"{stack}.norm.bias"] = [f"{stack}.norm.bias"]
    return layout
