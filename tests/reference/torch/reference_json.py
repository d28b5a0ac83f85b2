"""Exactly representable random inputs, and the JSON form of tensors: {"shape": […], "data": [flat, row-major]}."""

import json
from pathlib import Path

import torch
from torch import Tensor


def draw(generator: torch.Generator, *shape: int, spread: float = 1.0, grid: int = 64) -> Tensor:
    """Normal numbers rounded to multiples of 1/grid, so that float32 and float64 start from the very same values."""
    numbers = torch.randn(shape, generator=generator, dtype=torch.float64) * spread
    return (numbers * grid).round() / grid


def tensor(value: Tensor, digits: int = 9, noise: float = 1e-14) -> dict:
    """JSON form of a tensor with `digits` significant digits; float64 rounding noise below `noise` becomes 0."""
    flat = value.detach().to(torch.float64).reshape(-1).tolist()
    return {"shape": list(value.shape), "data": [_number(x, digits, noise) for x in flat]}


def integers(value: Tensor) -> dict:
    """JSON form of an integer tensor."""
    return {"shape": list(value.shape), "data": value.reshape(-1).tolist()}


def write(path: Path, content: dict) -> int:
    """Write `content` with one tensor a line; returns the number of bytes."""
    text = _render(content, "") + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return len(text.encode("utf-8"))


def _number(x: float, digits: int, noise: float) -> float | int:
    if abs(x) < noise:
        return 0
    rounded = float(f"{x:.{digits}g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e6 else rounded


def _render(value: object, indent: str) -> str:
    if not _holds_objects(value):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    inner = indent + " "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {_render(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _render(item, inner) for item in value) + f"\n{indent}]"


def _holds_objects(value: object) -> bool:
    """Whether a value is worth more than one line: an object that is no tensor, or a list of objects."""
    if isinstance(value, dict):
        return "shape" not in value
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)
