"""Speed of greedy and beam-search decoding with a key/value cache and the weights of a torch.nn.Transformer.

torch.nn.Transformer has no cache, so its layers are run one position at a time here. One step decodes the whole
batch: the encoder, then exactly --target-length positions for every sentence; no hypothesis ends early, so the work is
fixed.
--check compares the cached scores with the model's own forward pass first. Needs `pip install torch numpy`.
"""

import argparse
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torch_common import FIRST_WORD, PADDING, Translator, add_common_options, prepare, run

BEGIN = 1


class CachedDecoder:
    """The decoder of a Translator, one target position at a time for batch × beam rows.

    The keys and values of the source are computed once a sentence; its beams are query positions over them.
    """

    def __init__(self, model: Translator, source: Tensor, beam: int, length: int) -> None:
        self.model = model
        self.layers = model.transformer.decoder.layers
        self.beam = beam
        self.heads = model.size.heads
        self.rows = source.shape[0] * beam
        self.position = 0
        # [B, 1, 1, S], True where a key may be seen; None where nothing is padded
        self.visible = (source != PADDING)[:, None, None, :] if (source == PADDING).any() else None
        memory = model.transformer.encoder(
            model.embed(model.source_embedding, source), src_key_padding_mask=source == PADDING
        )
        head_width = model.size.width // self.heads
        self.source_keys_values = [self._project(layer.multihead_attn, memory, 1, 3) for layer in self.layers]
        self.past = [torch.empty(2, self.rows, self.heads, length, head_width, dtype=memory.dtype) for _ in self.layers]

    def advance(self, ids: Tensor) -> Tensor:
        """Log-probabilities [rows, V] of the tokens after `ids` [rows]."""
        x = self.model.embed(self.model.target_embedding, ids[:, None], self.position)
        for layer, past, (source_keys, source_values) in zip(
            self.layers, self.past, self.source_keys_values, strict=True
        ):
            query, key, value = self._project(layer.self_attn, layer.norm1(x), 0, 3)
            past[0, :, :, self.position] = key[:, :, 0]
            past[1, :, :, self.position] = value[:, :, 0]
            keys, values = past[:, :, :, : self.position + 1]
            attended = F.scaled_dot_product_attention(query, keys, values)
            x = x + layer.self_attn.out_proj(attended.reshape(x.shape))  # one position: heads are adjacent already
            # [B, K, D]: the beams of a sentence are query positions over the same source
            queries = layer.norm2(x).view(-1, self.beam, x.shape[-1])
            (query,) = self._project(layer.multihead_attn, queries, 0, 1)
            attended = F.scaled_dot_product_attention(query, source_keys, source_values, attn_mask=self.visible)
            x = x + layer.multihead_attn.out_proj(attended.transpose(1, 2).reshape(x.shape))
            x = x + layer.linear2(F.relu(layer.linear1(layer.norm3(x))))
        self.position += 1
        hidden = self.model.transformer.decoder.norm(x[:, 0])
        return torch.log_softmax(hidden @ self.model.target_embedding.weight.T, dim=-1)

    def reorder(self, parents: Tensor) -> None:
        """Let row i continue the hypothesis of row parents[i]."""
        for past in self.past:
            past[:, :, :, : self.position] = past[:, :, :, : self.position].index_select(1, parents)

    def _project(self, attention: nn.MultiheadAttention, x: Tensor, first: int, last: int) -> Tensor:
        """Projections first … last − 1 of query, key, value (0, 1, 2) of x [N, T, D]: [projection, N, H, T, D / H]."""
        width = x.shape[-1]
        weight = attention.in_proj_weight[first * width : last * width]
        bias = attention.in_proj_bias[first * width : last * width]
        projected = F.linear(x, weight, bias).view(*x.shape[:2], last - first, self.heads, -1)
        return projected.permute(2, 0, 3, 1, 4)


def decode(model: Translator, source: Tensor, beam: int, length: int) -> tuple[Tensor, Tensor]:
    """The best hypothesis [B, length] and its log-probability [B] for every source; beam 1 is greedy search."""
    sentences = source.shape[0]
    decoder = CachedDecoder(model, source, beam, length)
    vocabulary = model.size.vocabulary
    ids = torch.full((sentences * beam,), BEGIN)
    scores = torch.full((sentences, beam), -math.inf)
    scores[:, 0] = 0  # all beams start equal: let only the first one branch
    first_rows = torch.arange(sentences)[:, None] * beam
    history = torch.empty(sentences * beam, 0, dtype=torch.long)
    for position in range(length):
        log_p = decoder.advance(ids)
        if beam == 1:
            best, ids = log_p.max(dim=-1)
            scores += best[:, None]
        else:
            totals = (log_p.view(sentences, beam, vocabulary) + scores[..., None]).flatten(1)
            scores, flat = totals.topk(beam, dim=-1)
            parents = (first_rows + flat.div(vocabulary, rounding_mode="floor")).flatten()
            ids = flat.remainder(vocabulary).flatten()
            history = history[parents]
            if position + 1 < length:
                decoder.reorder(parents)
        history = torch.cat([history, ids[:, None]], dim=1)
    return history.view(sentences, beam, length)[:, 0], scores[:, 0]


def check(model: Translator, source: Tensor, beam: int, length: int) -> None:
    """Fail unless the scores of the decoded sentences are those of the uncached model, with and without padding."""
    padded = source.clone()
    padded[1::2, source.shape[1] // 2 :] = PADDING
    for given in (source, padded):
        ids, scores = decode(model, given, beam, length)
        inputs = torch.cat([torch.full((len(ids), 1), BEGIN), ids[:, :-1]], dim=1)
        log_p = torch.log_softmax(model(given, inputs), dim=-1)
        torch.testing.assert_close(log_p.gather(2, ids[..., None])[..., 0].sum(dim=1), scores, rtol=1e-4, atol=1e-3)
        if beam == 1:
            assert (log_p.argmax(dim=-1) == ids).float().mean() > 0.99, "greedy search must follow the maximum"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=5, metavar="N", help="measured decodings (default: 5)")
    parser.add_argument("--beam", type=int, default=1, metavar="K", help="hypotheses a sentence; 1 (default) is greedy")
    parser.add_argument("--sentences", type=int, default=32, metavar="N")
    parser.add_argument("--source-length", type=int, default=32, metavar="N")
    parser.add_argument("--target-length", type=int, default=32, metavar="N")
    parser.add_argument("--check", action="store_true", help="first compare with the model's uncached forward pass")
    add_common_options(parser)
    arguments = parser.parse_args()
    size = prepare(arguments)

    model = Translator(size, dropout=0.0).eval()
    source = torch.randint(FIRST_WORD, size.vocabulary, (arguments.sentences, arguments.source_length))
    with torch.inference_mode():
        if arguments.check:
            check(model, source, arguments.beam, arguments.target_length)
        description = {
            "threads": arguments.threads,
            "batch": [arguments.sentences, arguments.source_length, arguments.target_length],
            "mode": "greedy" if arguments.beam == 1 else f"beam {arguments.beam}",
        }
        units = {"sentences": arguments.sentences}
        run(arguments, lambda: decode(model, source, arguments.beam, arguments.target_length), description, units)


if __name__ == "__main__":
    main()
