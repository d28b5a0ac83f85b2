"""Writes the small audio files of tests/unit/audio/io/files with libsndfile, and what libsndfile decodes them to.

    pip install soundfile==0.14.0 numpy && python files.py ../../unit/audio/io/files
"""
import json
import sys

import numpy as np
import soundfile as sf

OUT = sys.argv[1] + "/"
I = np.arange(1500)


def ramp(channel, bits):
    """Integers that any language makes alike, over the whole range, the lowest and the highest among them."""
    full = 1 << (bits - 1)
    x = (I * (7919 + 2 * channel) * (1 << (bits - 8)) + I) % (2 * full) - full
    x[:4] = [-full, full - 1, 1, -1]
    return x


def tone(channel, rate, n):
    t = np.arange(n) / rate
    return 0.5 * np.sin(2 * np.pi * 440 * (channel + 1) * t)


for bits, subtype in ((8, "PCM_S8"), (16, "PCM_16"), (24, "PCM_24")):
    x = np.stack([ramp(c, bits) for c in (0, 1)], 1).astype(np.int64)
    sf.write(f"{OUT}ramp{bits}.flac", (x << (32 - bits)).astype(np.int32), 22050, subtype=subtype)

expected = {}
tones = {
    "mono.mp3": (1, 16000, 4000, dict(format="MP3", subtype="MPEG_LAYER_III")),
    "stereo.mp3": (2, 44100, 8000, dict(format="MP3", subtype="MPEG_LAYER_III")),
    "mono.ogg": (1, 16000, 4000, dict(format="OGG", subtype="VORBIS")),
    "stereo.ogg": (2, 44100, 4000, dict(format="OGG", subtype="VORBIS")),
    "mono-ima.wav": (1, 8000, 1300, dict(subtype="IMA_ADPCM")),
    "stereo-ima.wav": (2, 16000, 2300, dict(subtype="IMA_ADPCM")),
    "opus.ogg": (1, 16000, 1000, dict(format="OGG", subtype="OPUS")),
    "ms.wav": (1, 8000, 1000, dict(subtype="MS_ADPCM")),
    "alaw.wav": (2, 8000, 500, dict(subtype="ALAW")),
    "mulaw.wav": (1, 8000, 500, dict(subtype="ULAW")),
    "little.sph": (2, 16000, 500, dict(format="NIST", subtype="PCM_16", endian="LITTLE")),
    "big.sph": (1, 16000, 500, dict(format="NIST", subtype="PCM_24", endian="BIG")),
    "mulaw.sph": (1, 8000, 500, dict(format="NIST", subtype="ULAW")),
    "rf64.wav": (1, 16000, 500, dict(format="RF64", subtype="PCM_16")),
    "wavex.wav": (3, 16000, 500, dict(format="WAVEX", subtype="PCM_24")),
    "rifx.wav": (2, 16000, 500, dict(format="WAV", subtype="FLOAT", endian="BIG")),
}
for name, (channels, rate, n, how) in tones.items():
    x = np.stack([tone(c, rate, n) for c in range(channels)], 1)
    sf.write(OUT + name, x, rate, **how)
    y, found = sf.read(OUT + name, always_2d=True)
    assert found == rate or name == "opus.ogg"
    # Some samples from the beginning, the middle and the end of each channel.
    places = sorted({0, 1, 2, 3, len(y) // 3, len(y) // 2, len(y) - 2, len(y) - 1, *range(50, len(y), len(y) // 60)})
    expected[name] = dict(
        sampleRate=found, frames=len(y), places=places, samples=[[round(float(v), 9) for v in y[places, c]] for c in range(channels)]
    )
expected["libsndfile"] = sf.__libsndfile_version__
with open(OUT + "expected.json", "w") as f:
    json.dump(expected, f, separators=(",", ":"))
    f.write("\n")
