"""CTC losses and gradients of PyTorch in float64, for ragged batches with repeats, empty and impossible targets."""

import torch
import torch.nn.functional as F
from reference_json import draw, tensor


def ctc() -> dict:
    """Each row's loss (0 where no path exists) and the gradient of their sum with respect to the logits."""
    return {
        "about": "F.ctc_loss(log_softmax(logits), blank=0, reduction='none', zero_infinity=True) of each row.",
        "cases": [
            _case(1, 9, 5, [9, 7, 5, 3], [[1, 2, 3], [4, 4], [2], [1, 2, 1]]),
            _case(2, 8, 6, [8, 8, 4], [[3, 3, 3, 2], [5], []]),
            _case(3, 6, 5, [3, 6, 2], [[2, 2, 2], [1, 3], [4, 3, 2]]),
            _case(4, 5, 4, [5, 5], [[1, 2, 3, 1, 2], [3, 3, 3]]),
            _case(5, 20, 12, [20, 17, 11], [[1, 2, 3, 4, 5, 6, 7, 8], [7, 7, 8, 9, 9, 1, 2], [5, 6]]),
            _case(6, 12, 40, [12, 9], [[17, 17, 39, 2, 39], [5, 1, 38]]),
            _case(7, 5, 5, [5, 3], [[], []]),
        ],
    }


def _case(seed: int, frames: int, classes: int, lengths: list[int], targets: list[list[int]]) -> dict:
    generator = torch.Generator().manual_seed(seed)
    logits = draw(generator, len(targets), frames, classes, spread=2.0).requires_grad_()
    losses = F.ctc_loss(
        F.log_softmax(logits, dim=-1).transpose(0, 1),
        torch.tensor([token for row in targets for token in row], dtype=torch.long),
        torch.tensor(lengths),
        torch.tensor([len(row) for row in targets]),
        blank=0,
        reduction="none",
        zero_infinity=True,
    )
    losses.sum().backward()
    return {
        "lengths": lengths,
        "targets": targets,
        "logits": tensor(logits),
        "losses": tensor(losses),
        "gradient": tensor(logits.grad),
    }
