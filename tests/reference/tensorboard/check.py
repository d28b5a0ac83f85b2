"""Checks with TensorBoard itself that the event files in run/, which s2s wrote, say what they should."""

import math
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

events = EventAccumulator(str(Path(__file__).parent / "run"))
events.Reload()
assert events.Tags()["scalars"] == ["train/loss"], events.Tags()
loss = [(event.step, event.value, event.wall_time) for event in events.Scalars("train/loss")]
print(loss)
# The second file resumes at step 2: the value of step 3 in the first one is obsolete.
assert [step for step, _, _ in loss] == [1, 2, 300, 2**40]
assert [loss[0][1], loss[1][1]] == [3.25, 2.5] and math.isnan(loss[2][1]) and abs(loss[3][1] + 1e-3) < 1e-9
assert 1_700_000_000 < loss[0][2] < 1_700_000_003
assert "samples" in events.Tags()["tensors"]
(sample,) = events.Tensors("samples")
assert sample.step == 2 and make_ndarray(sample.tensor_proto).tolist() == ["größe **x** 🙂".encode()]
assert events.SummaryMetadata("samples").plugin_data.plugin_name == "text"
print("all as expected")
