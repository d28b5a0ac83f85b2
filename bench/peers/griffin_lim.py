"""Times librosa's Griffin-Lim of magnitudes in a file of 32-bit numbers, on one thread: a peer of bench/griffin-lim.mjs.

    griffin_lim.py MAGNITUDES FRAMES FFT HOP WINDOW ITERATIONS

reads lines with the name of a file, writes the sound to it and answers each with one JSON line: seconds.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
import librosa  # noqa: E402
import numpy as np  # noqa: E402

file, *numbers = sys.argv[1:]
frames, fft, hop, window, iterations = map(int, numbers)
magnitudes = np.ascontiguousarray(np.fromfile(file, dtype=np.float32).reshape(frames, fft // 2 + 1).T)

for line in sys.stdin:
    start = time.perf_counter()
    sound = librosa.griffinlim(
        magnitudes, n_iter=iterations, n_fft=fft, hop_length=hop, win_length=window, pad_mode="reflect", init=None
    )
    seconds = time.perf_counter() - start
    sound.astype(np.float32).tofile(line.strip())
    print(json.dumps({"seconds": seconds}), flush=True)
