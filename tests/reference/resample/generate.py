"""Resamples a test signal with soxr and scipy and writes what comes out.

    pip install soxr==1.1.0 scipy==1.17.1 numpy && python generate.py > ../../unit/audio/resample-expected.json

The signal is made of sines within 0.85 of the lower Nyquist frequency under a Hann window, so that every good resampler
gives the same samples and the edges of the signal do not matter.
"""
import json
import math

import numpy as np
import scipy
import scipy.signal
import soxr

PAIRS = [(8000, 16000), (16000, 8000), (44100, 16000), (22050, 16000), (48000, 16000), (9, 10), (11, 10), (16000, 44100)]
TONES = [0.03, 0.11, 0.27, 0.41, 0.58, 0.73, 0.85]
N = 900


def signal(up, down):
    # Wide enough a window for the tones' skirts to stay in the pass band.
    i = np.arange(N)
    nyquist = 0.5 * min(1, up / down)
    x = sum(np.sin(2 * np.pi * tone * nyquist * i + k) for k, tone in enumerate(TONES)) / len(TONES)
    return (x * np.sin(np.pi * (i + 0.5) / N) ** 4).astype(np.float32)


cases = []
for source, target in PAIRS:
    g = math.gcd(source, target)
    up, down = target // g, source // g
    x = signal(up, down).astype(np.float64)
    n = -(-N * up // down)
    # Zeros before and after keep soxr's own edges away; so many that they become a whole number of outputs.
    pad = -(-3000 // down) * down
    soxr_out = soxr.resample(np.concatenate([np.zeros(pad), x, np.zeros(pad)]), source, target, quality="VHQ")
    soxr_out = soxr_out[pad * up // down :][:n]
    half = 120 * max(up, down)
    taps = scipy.signal.firwin(2 * half + 1, 0.95 / max(up, down), window=("kaiser", 12.0))
    scipy_out = scipy.signal.resample_poly(x, up, down, window=taps)[:n]
    cases.append(
        {
            "from": source,
            "to": target,
            "length": n,
            "soxr": [round(float(v), 7) for v in soxr_out[::5]],
            "scipy": [round(float(v), 7) for v in scipy_out[::5]],
        }
    )
print(json.dumps({"soxr": soxr.__version__, "scipy": scipy.__version__, "every": 5, "cases": cases}, separators=(",", ":")))
