"""Write the numerical reference cases of this folder with PyTorch; README.md says how to run it."""

import argparse
from pathlib import Path

import torch
from conformer import conformer
from conv_front_end import conv_front_end
from ctc import ctc
from operations import attention, cross_entropy, feed_forward, normalisation, positions
from reference_json import write
from training_step import complete_record, inputs, record

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the JSON files (default: this folder)")
    parser.add_argument(
        "--complete",
        type=Path,
        metavar="DIR",
        help="also write every parameter and moment of the training steps, in float32 and float64, to DIR (about 3 MB)",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    # The operations are computed in float64: they are the truth that a float32 result is compared with.
    torch.set_default_dtype(torch.float64)

    files = {
        "normalisation": normalisation(),
        "attention": attention(),
        "cross-entropy": cross_entropy(),
        "positions": positions(),
        "feed-forward": feed_forward(),
        "ctc": ctc(),
        "conv-front-end": conv_front_end(),
        "conformer": conformer(),
        "training-step": inputs(),
        "training-step-pre-norm": record(pre_norm=True),
        "training-step-post-norm": record(pre_norm=False),
    }
    total = sum(write(arguments.out / f"{name}.json", content) for name, content in files.items())
    print(f"wrote {len(files)} files, {total} bytes, with PyTorch {torch.__version__}")

    if arguments.complete:
        for pre_norm in (True, False):
            for dtype in (torch.float32, torch.float64):
                order = "pre" if pre_norm else "post"
                name = f"training-step-{order}-norm-{str(dtype).removeprefix('torch.')}.json"
                write(arguments.complete / name, complete_record(pre_norm, dtype))


if __name__ == "__main__":
    main()
