"""Speed of a training step of a text-to-speech model in PyTorch: a peer of bench/speech-out.mjs.

Conformer encoder, Transformer decoder with prenet, postnet with layer normalisation: the model of
tasks/text-to-speech/recipes/kerstin.yaml. One step is forward, L1 and L2 before and after the postnet, stop decision, guided
attention on two layers and two heads, backward, clipping to a global norm of 1 and Adam. Attention is fused where its
weights are not needed. Needs torch.
"""

import argparse
import math
import sys

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_common import run

WIDTH, INNER, HEADS, ENCODER_LAYERS, DECODER_LAYERS, KERNEL = 192, 768, 4, 3, 4, 7
CHARACTERS, FEATURES, REDUCTION = 46, 80, 3
PRENET, POSTNET_LAYERS, POSTNET_CHANNELS, POSTNET_KERNEL = 128, 5, 128, 5
DROPOUT, PRENET_DROPOUT, POSTNET_DROPOUT = 0.1, 0.5, 0.5
GUIDED_WEIGHT, GUIDED_SIGMA, GUIDED_LAYERS, GUIDED_HEADS = 2.0, 0.15, 2, 2
LONGEST = 512


def split_heads(x: Tensor) -> Tensor:
    return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)


class SelfAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inputs = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        query, key, value = (split_heads(part) for part in self.inputs(x).chunk(3, dim=-1))
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=mask is None)
        return self.output(context.transpose(1, 2).flatten(2))


class CrossAttention(nn.Module):
    """Gives its weights [B, H, T, S] too where it is to show them."""

    def __init__(self, shows: bool) -> None:
        super().__init__()
        self.shows = shows
        self.query = nn.Linear(WIDTH, WIDTH)
        self.memory = nn.Linear(WIDTH, 2 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        query = split_heads(self.query(x))
        key, value = (split_heads(part) for part in self.memory(memory).chunk(2, dim=-1))
        weights = None
        if self.shows:
            scores = query @ key.transpose(2, 3) * (WIDTH / HEADS) ** -0.5
            weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
            context = weights @ value
        else:
            context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.output(context.transpose(1, 2).flatten(2)), weights


def feed_forward() -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, INNER), nn.ReLU(), nn.Linear(INNER, WIDTH))


class ConvolutionModule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(WIDTH, 2 * WIDTH)
        self.depthwise = nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=KERNEL // 2, groups=WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.outer = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        gated = F.glu(self.inner(x), dim=-1) * present[:, :, None]
        return self.outer(F.silu(self.norm(self.depthwise(gated.transpose(1, 2)).transpose(1, 2))))


class ConformerLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = feed_forward(), feed_forward()
        self.attention_norm, self.convolution_norm, self.norm = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.attention = SelfAttention()
        self.convolution = ConvolutionModule()
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor, present: Tensor) -> Tensor:
        x = x + self.dropout(self.first(x) * 0.5)
        x = x + self.dropout(self.attention(self.attention_norm(x), mask))
        x = x + self.dropout(self.convolution(self.convolution_norm(x), present))
        return self.norm(x + self.dropout(self.second(x) * 0.5))


class DecoderLayer(nn.Module):
    def __init__(self, shows: bool) -> None:
        super().__init__()
        self.self_norm, self.cross_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.self_attention, self.cross_attention = SelfAttention(), CrossAttention(shows)
        self.feed_forward = feed_forward()
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        x = x + self.dropout(self.self_attention(self.self_norm(x), None))
        context, weights = self.cross_attention(self.cross_norm(x), memory, mask)
        x = x + self.dropout(context)
        return x + self.dropout(self.feed_forward(x)), weights


class Postnet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        sizes = [FEATURES, *[POSTNET_CHANNELS] * (POSTNET_LAYERS - 1), FEATURES]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs, outputs, POSTNET_KERNEL, padding=POSTNET_KERNEL // 2)
            for inputs, outputs in zip(sizes, sizes[1:], strict=False)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(POSTNET_CHANNELS) for _ in range(POSTNET_LAYERS - 1))
        self.dropout = nn.Dropout(POSTNET_DROPOUT)

    def forward(self, frames: Tensor, present: Tensor) -> Tensor:
        x = frames * present[:, :, None]
        for convolution, norm in zip(self.convolutions, self.norms, strict=False):
            x = torch.tanh(norm(convolution(x.transpose(1, 2)).transpose(1, 2)))
            x = self.dropout(x) * present[:, :, None]
        return frames + self.dropout(self.convolutions[-1](x.transpose(1, 2)).transpose(1, 2))


class Speaker(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(CHARACTERS, WIDTH)
        self.encoder = nn.ModuleList(ConformerLayer() for _ in range(ENCODER_LAYERS))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.prenet = nn.Sequential(
            nn.Linear(FEATURES, PRENET), nn.ReLU(), nn.Dropout(PRENET_DROPOUT),
            nn.Linear(PRENET, PRENET), nn.ReLU(), nn.Dropout(PRENET_DROPOUT),
            nn.Linear(PRENET, WIDTH),
        )
        self.decoder = nn.ModuleList(DecoderLayer(i >= DECODER_LAYERS - GUIDED_LAYERS) for i in range(DECODER_LAYERS))
        self.frames, self.stop = nn.Linear(WIDTH, REDUCTION * FEATURES), nn.Linear(WIDTH, 1)
        self.postnet = Postnet()
        self.dropout = nn.Dropout(DROPOUT)
        angles = torch.arange(LONGEST)[:, None] * torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(10000.0) / WIDTH))
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(LONGEST, WIDTH)
        self.register_buffer("positions", table, persistent=False)

    def place(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.positions[: x.shape[1]])

    def forward(self, source: Tensor, inputs: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
        """Frames before and after the postnet, stop logits, shown attention."""
        there = (source != 0).float()
        mask = (source != 0)[:, None, None, :]
        memory = self.place(self.embedding(source) * math.sqrt(WIDTH))
        for layer in self.encoder:
            memory = layer(memory, mask, there)
        memory = self.encoder_norm(memory)
        x = self.place(self.prenet(inputs))
        seen = []
        for layer in self.decoder:
            x, weights = layer(x, memory, mask)
            if weights is not None:
                seen.append(weights)
        x = self.decoder_norm(x)
        before = self.frames(x).unflatten(-1, (REDUCTION, FEATURES)).flatten(1, 2)
        return before, self.postnet(before, present), self.stop(x)[:, :, 0], seen


def guided_attention(seen: list[Tensor], characters: Tensor, lengths: Tensor, weights: Tensor) -> Tensor:
    sources, targets = seen[0].shape[3], seen[0].shape[2]
    t = (torch.arange(targets) + 0.5)[None, :, None] / lengths[:, None, None]
    s = (torch.arange(sources) + 0.5)[None, None, :] / characters[:, None, None]
    charge = (1 - torch.exp(-((t - s) ** 2) / (2 * GUIDED_SIGMA**2))) * weights[:, :, None]
    total = sum((each[:, :GUIDED_HEADS] * charge[:, None]).sum() for each in seen)
    return total / (GUIDED_HEADS * len(seen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--steps", type=int, default=10, metavar="N", help="measured steps (default: 10)")
    parser.add_argument("--warm-up", type=int, default=3, metavar="N", help="unmeasured steps first (default: 3)")
    parser.add_argument("--sizes", nargs="+", default=["70x133"] * 11, help="characters x positions of each utterance")
    parser.add_argument("--parameters", type=int, help="how many parameters the model must have")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--interactive", action="store_true", help='read "step N" lines, answer each with a JSON line')
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)

    model = Speaker().train()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if arguments.parameters not in (None, parameters):
        sys.exit(f"expected a model of {arguments.parameters} parameters, but this one has {parameters}")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-9, fused=True)

    characters, lengths = torch.tensor([[int(n) for n in size.split("x")] for size in arguments.sizes]).T
    batch, sources, targets = len(lengths), int(characters.max()), int(lengths.max())
    source = torch.randint(4, CHARACTERS, (batch, sources)) * (torch.arange(sources) < characters[:, None])
    is_there = torch.arange(targets) < lengths[:, None]
    weights = is_there.float() / lengths.sum()
    present = is_there.float().repeat_interleave(REDUCTION, dim=1)
    frame_weights = weights.repeat_interleave(REDUCTION, dim=1)[:, :, None] / REDUCTION / FEATURES
    frames = torch.randn(batch, targets * REDUCTION, FEATURES) * present[:, :, None]
    last = frames[:, REDUCTION - 1 :: REDUCTION]
    inputs = F.pad(last[:, :-1], (0, 0, 1, 0))
    stops = (torch.arange(targets) == lengths[:, None] - 1).float()

    def distance(written: Tensor) -> Tensor:
        difference = written - frames
        return (difference.abs() * frame_weights).sum() + (difference.square() * frame_weights).sum()

    def step() -> None:
        before, after, stop, seen = model(source, inputs, present)
        stop_loss = F.binary_cross_entropy_with_logits(
            stop, stops, weight=weights, pos_weight=torch.tensor(5.0), reduction="sum"
        )
        guided = guided_attention(seen, characters, lengths, weights)
        loss = distance(before) + distance(after) + stop_loss + GUIDED_WEIGHT * guided
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if not loss.isfinite():
            raise FloatingPointError(f"the loss became {loss.item()}")

    description = {"parameters": parameters, "threads": arguments.threads, "batch": [batch, sources, targets]}
    run(arguments, step, description, {"frames": int(lengths.sum()) * REDUCTION})


if __name__ == "__main__":
    main()
