"""Speed of the reference training step with torch.nn.Transformer.

One step is forward, label-smoothed cross-entropy, backward, clipping to a global norm of 1 and Adam, on a fresh batch
of random sentences without padding. The default size is that of the other peers. Needs `pip install torch numpy`;
--compile needs a C++ compiler as well.
"""

import argparse

import torch
from torch import nn

from torch_common import FIRST_WORD, PADDING, Translator, add_common_options, prepare, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10, metavar="N", help="measured steps (default: 10)")
    parser.add_argument("--batch", type=int, default=96, metavar="N", help="sentence pairs a step (default: 96)")
    parser.add_argument("--source-length", type=int, default=32, metavar="N")
    parser.add_argument("--target-length", type=int, default=32, metavar="N")
    parser.add_argument("--dropout", type=float, default=0.1, metavar="P")
    parser.add_argument("--compile", action="store_true", help="compile model and loss with torch.compile")
    parser.add_argument("--bfloat16", action="store_true", help="run the forward pass under bfloat16 autocast")
    parser.add_argument(
        "--adam", choices=("fused", "loop"), default="fused", help="Adam in one kernel, or tensor operations in a loop"
    )
    add_common_options(parser)
    arguments = parser.parse_args()
    size = prepare(arguments)

    model = Translator(size, arguments.dropout).train()
    criterion = nn.CrossEntropyLoss(ignore_index=PADDING, label_smoothing=0.1)
    optimizer = torch.optim.Adam(
        model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-9, fused=arguments.adam == "fused"
    )

    def loss_of(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        logits = model(source, target[:, :-1])
        return criterion(logits.flatten(0, 1).float(), target[:, 1:].flatten())

    if arguments.compile:
        loss_of = torch.compile(loss_of)

    def sentences(length: int) -> torch.Tensor:
        return torch.randint(FIRST_WORD, size.vocabulary, (arguments.batch, length))

    def step() -> None:
        source, target = sentences(arguments.source_length), sentences(arguments.target_length + 1)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.bfloat16):
            loss = loss_of(source, target)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if not loss.isfinite():
            raise FloatingPointError(f"the loss became {loss.item()}")

    description = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "threads": arguments.threads,
        "batch": [arguments.batch, arguments.source_length, arguments.target_length],
        "mode": ("compiled" if arguments.compile else "eager") + (" bfloat16" if arguments.bfloat16 else " float32"),
    }
    run(arguments, step, description, {"targetTokens": arguments.batch * arguments.target_length})


if __name__ == "__main__":
    main()
