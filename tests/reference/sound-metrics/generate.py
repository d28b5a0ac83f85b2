"""Writes expected.json: warping paths, mel cepstra, mel-cepstral distortion and fundamental frequencies by librosa and NumPy.

    python generate.py

needs librosa and NumPy, and reads recordings of fixtures/speech-recognition/audio.
"""

import base64
import json
import math
import wave
from pathlib import Path

import librosa
import numpy as np

HERE = Path(__file__).resolve().parent
AUDIO = HERE.parents[2] / "fixtures" / "speech-recognition" / "audio"
RATE = 8000
FFT = 256
HOP = 80
MELS = 40
FLOOR = 1e-5


def recording(name: str) -> np.ndarray:
    with wave.open(str(AUDIO / f"{name}.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Natural logarithms of mel magnitudes, [filters, frames]."""
    mel = librosa.feature.melspectrogram(
        y=samples, sr=RATE, n_fft=FFT, hop_length=HOP, pad_mode="reflect", power=1.0, n_mels=MELS, fmin=50, fmax=3800
    )
    return np.log(np.maximum(mel, FLOOR))


def encoded(matrix: np.ndarray) -> dict:
    """Single precision of a [dim, frames] matrix, row after row of its transpose."""
    data = np.ascontiguousarray(matrix.T, dtype="<f4")
    return {"frames": data.shape[0], "dim": data.shape[1], "float32": base64.b64encode(data.tobytes()).decode()}


def cepstra(mel: np.ndarray) -> np.ndarray:
    """Coefficients 1 to 13, [13, frames]."""
    return librosa.feature.mfcc(S=mel, n_mfcc=14, dct_type=2, norm="ortho")[1:]


def decibels(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distortion of frames beside each other, by cepstra such that ln|S| = c0 + sum of c*cos."""
    scaled = (a - b) * math.sqrt(2 / MELS)
    return float(np.mean(10 / math.log(10) * np.sqrt(2 * np.sum(scaled**2, axis=0))))


def distortion(a: np.ndarray, b: np.ndarray) -> dict:
    cost, path = librosa.sequence.dtw(a, b)
    path = path[::-1]
    return {"distortion": decibels(a[:, path[:, 0]], b[:, path[:, 1]]), "cost": float(cost[-1, -1]), "path": path.T.tolist()}


def warpings() -> list:
    """Random cases, the last with whole numbers, which make many ties."""
    random = np.random.default_rng(1)
    cases = []
    for n, m, dim, whole in [(1, 1, 3, False), (1, 7, 2, False), (9, 1, 2, False), (12, 15, 3, False), (31, 18, 1, False), (20, 33, 5, False), (16, 14, 1, True)]:
        a, b = (np.cumsum(random.normal(size=(dim, size)), axis=1).round(0 if whole else 3) for size in (n, m))
        cost, path = librosa.sequence.dtw(a, b)
        cases.append({"dim": dim, "a": a.T.ravel().tolist(), "b": b.T.ravel().tolist(), "cost": float(cost[-1, -1]), "path": path[::-1].T.tolist()})
    return cases


def yin(samples: np.ndarray, fmin: float, fmax: float, threshold: float = 0.1) -> tuple[list, list]:
    """YIN as in the paper, with a window of constant length: frequency and aperiodicity of each frame."""
    low, high = math.floor(RATE / fmax), math.ceil(RATE / fmin)
    length = high + max(high, round(0.025 * RATE))
    window = length - high
    padded = np.pad(samples, (length // 2, length + 8))
    frequencies, aperiodicities = [], []
    for centre in range(0, len(samples) + 1, HOP):
        x = padded[centre : centre + length + 1]
        raw = np.array([np.sum((x[:window] - x[lag : lag + window]) ** 2) for lag in range(high + 2)])
        mean = np.cumsum(raw)[1:] / np.arange(1, high + 2)
        normal = np.concatenate([[1], np.divide(raw[1:], mean, out=np.ones(high + 1), where=mean > 0)])
        inner = np.arange(low, high + 1)
        troughs = inner[(normal[inner] < normal[inner - 1]) & (normal[inner] <= normal[inner + 1]) & (normal[inner] < threshold)]
        lag = int(troughs[0]) if len(troughs) else int(inner[np.argmin(normal[inner])])
        around = range(max(2, lag - 1), min(high, lag + 1) + 1)
        best = min(around, key=lambda k: (raw[k], abs(k - lag)))
        curvature = raw[best - 1] - 2 * raw[best] + raw[best + 1]
        shift = (raw[best - 1] - raw[best + 1]) / (2 * curvature) if curvature > 0 else 0
        frequencies.append(RATE / (best + shift if abs(shift) < 1 else lag))
        aperiodicities.append(float(normal[lag]))
    return frequencies, aperiodicities


def rounded(values) -> list:
    return [float(f"{value:.7g}") for value in values]


def pitch(name: str, fmin: float, fmax: float) -> dict:
    samples = recording(name)
    frequencies, aperiodicities = yin(samples, fmin, fmax)
    # As long a frame as that of yin().
    high = math.ceil(RATE / fmin)
    length = high + max(high, round(0.025 * RATE))
    theirs = librosa.yin(samples, fmin=fmin, fmax=fmax, sr=RATE, frame_length=length, hop_length=HOP, trough_threshold=0.1)
    track, voiced, _ = librosa.pyin(samples, fmin=fmin, fmax=fmax, sr=RATE, frame_length=512, hop_length=HOP)
    return {
        "recording": name,
        "minFrequency": fmin,
        "maxFrequency": fmax,
        "f0": rounded(frequencies),
        "aperiodicity": rounded(aperiodicities),
        "librosaYin": rounded(theirs),
        "librosaPyin": rounded(np.where(voiced, np.nan_to_num(track), 0)),
    }


def main() -> None:
    names = ["minute", "queue-minute"]
    first, second = (log_mel(recording(name)).astype(np.float32) for name in names)
    a, b = cepstra(first.astype(np.float64)), cepstra(second.astype(np.float64))
    short = min(a.shape[1], b.shape[1])
    expected = {
        "warpings": warpings(),
        "recordings": [{"name": name, "logMel": encoded(mel)} for name, mel in zip(names, (first, second))],
        "analysis": {"sampleRate": RATE, "fftSize": FFT, "hop": HOP, "mels": MELS, "low": 50, "high": 3800, "floor": FLOOR},
        "cepstra": {str(t): rounded(a[:, t]) for t in (0, 40, a.shape[1] - 1)},
        "warped": distortion(a, b),
        "framewise": decibels(a[:, :short], b[:, :short]),
        "pitch": [pitch(name, 70, 400) for name in names],
    }
    (HERE / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
