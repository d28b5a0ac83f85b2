"""Writes python.safetensors with the reference implementation and checks s2s.safetensors, which s2s wrote, with it."""

from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).parent
TENSORS = {
    "weight": np.array([[0.5, -1.5, 2.25], [float("inf"), 1e-30, -0.0]], dtype=np.float32),
    "ids": np.array([-(2**53) - 1, 0, 7], dtype=np.int64),
    "steps": np.array([-1, 2**31 - 1], dtype=np.int32),
    "half": np.array([1.0, -2.0], dtype=np.float16),
    "mask": np.array([True, False, True]),
    "scalar": np.array(3.5, dtype=np.float64),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "größe 🙂": np.array([1, 2, 255], dtype=np.uint8),
}

if __name__ == "__main__":
    save_file(TENSORS, HERE / "python.safetensors", metadata={"made_by": "safetensors (Python)"})
    found = load_file(HERE / "s2s.safetensors")
    assert found.keys() == TENSORS.keys(), found.keys()
    for name, expected in TENSORS.items():
        assert found[name].dtype == expected.dtype and found[name].shape == expected.shape, name
        assert found[name].tobytes() == expected.tobytes(), name
    with safe_open(HERE / "s2s.safetensors", "np") as file:
        print(len(found), "tensors equal; metadata", file.metadata())
