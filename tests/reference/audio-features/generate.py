"""Writes others.json: features of a short signal by torchaudio, librosa and NumPy.

    python generate.py

needs torch, torchaudio and librosa. kaldi.json is not made here; see README.md.
"""

import base64
import json
import math
from pathlib import Path

import librosa
import numpy as np
import torch

torch.version.cuda = None
import torchaudio  # noqa: E402

RATE = 16000
HERE = Path(__file__).resolve().parent


def signal() -> np.ndarray:
    """0.35 s of a rising tone, a steady tone and deterministic noise, as 16-bit samples."""
    n = np.arange(int(0.35 * RATE))
    t = n / RATE
    rising = np.sin(2 * math.pi * (200 * t + 2500 * t * t))
    noise = np.sin(n * n * 0.7711) * 0.05
    return np.round((0.4 * rising + 0.2 * np.sin(2 * math.pi * 440 * t) + noise) * 12000).astype(np.int16)


def rows(matrix: np.ndarray) -> dict:
    """Shape [frames, dim] and four rows."""
    frames = len(matrix)
    kept = sorted({0, 1, frames // 2, frames - 1})
    return {
        "shape": list(matrix.shape),
        "rows": {str(i): [float(f"{x:.7g}") for x in matrix[i].tolist()] for i in kept},
    }


def second_deltas(features: np.ndarray, window: int = 2) -> np.ndarray:
    """Derivatives of order 2 as Kaldi's add-deltas makes them: the filter with itself, frames repeated beyond the ends."""
    once = np.arange(-window, window + 1) / (2 * sum(n * n for n in range(1, window + 1)))
    twice = np.convolve(once, once)
    padded = np.pad(features, ((2 * window, 2 * window), (0, 0)), mode="edge")
    return sum(weight * padded[n : n + len(features)] for n, weight in enumerate(twice))


def whisper(samples: np.ndarray, mels: int) -> np.ndarray:
    """The log-mel spectrogram of openai/whisper (audio.py), with librosa's filters, which its own file holds."""
    window = torch.hann_window(400, dtype=torch.float64)
    stft = torch.stft(torch.from_numpy(samples), 400, 160, window=window, return_complex=True)
    power = stft[..., :-1].abs() ** 2
    filters = torch.from_numpy(librosa.filters.mel(sr=RATE, n_fft=400, n_mels=mels, dtype=np.float64))
    log = torch.clamp(filters @ power, min=1e-10).log10()
    log = torch.maximum(log, log.max() - 8.0)
    return ((log + 4.0) / 4.0).T.numpy()


def main() -> None:
    pcm = signal()
    samples = pcm.astype(np.float64) / 32768
    scaled = torch.from_numpy(pcm.astype(np.float64))[None]
    kaldi = torchaudio.compliance.kaldi
    common = {"sample_frequency": RATE, "dither": 0.0}

    def fbank(**options):
        return kaldi.fbank(scaled, **common, **options).numpy()

    def mfcc(**options):
        return kaldi.mfcc(scaled, **common, **options).numpy()

    def mel(power=2.0, **options):
        return librosa.feature.melspectrogram(
            y=samples, sr=RATE, n_fft=400, win_length=400, hop_length=160, pad_mode="reflect", power=power, **options
        )

    def log_mel(**options):
        return np.maximum(mel(**options), 1e-10)

    def torch_mel(**options):
        transform = torchaudio.transforms.MelSpectrogram(RATE, n_fft=512, win_length=400, hop_length=160, **options)
        return transform.double()(torch.from_numpy(samples))

    base = fbank(num_mel_bins=23)
    deltas = torchaudio.functional.compute_deltas(torch.from_numpy(base.T), win_length=5).T.numpy()
    cases = [
        ("fbank 80", {"kind": "fbank", "numMelBins": 80}, fbank(num_mel_bins=80)),
        ("fbank hanning", {"kind": "fbank", "numMelBins": 40, "windowType": "hanning", "frameLength": 32, "frameShift": 8},
         fbank(num_mel_bins=40, window_type="hanning", frame_length=32.0, frame_shift=8.0)),
        ("fbank not snipped", {"kind": "fbank", "numMelBins": 23, "snipEdges": False}, fbank(num_mel_bins=23, snip_edges=False)),
        ("fbank blackman, plain", {"kind": "fbank", "numMelBins": 23, "windowType": "blackman", "removeDcOffset": False, "preemphasis": 0},
         fbank(num_mel_bins=23, window_type="blackman", remove_dc_offset=False, preemphasis_coefficient=0.0)),
        ("fbank magnitude, 400 points", {"kind": "fbank", "numMelBins": 23, "usePower": False, "roundToPowerOfTwo": False},
         fbank(num_mel_bins=23, use_power=False, round_to_power_of_two=False)),
        ("mfcc", {"kind": "mfcc", "numMelBins": 23}, mfcc()),
        ("mfcc with energy", {"kind": "mfcc", "numMelBins": 23, "useEnergy": True, "numCeps": 20, "cepstralLifter": 0},
         mfcc(use_energy=True, num_ceps=20, cepstral_lifter=0.0)),
        ("mfcc as HTK", {"kind": "mfcc", "numMelBins": 23, "htkCompat": True}, mfcc(htk_compat=True)),
        ("librosa slaney", {"kind": "logMel", "lowFreq": 0, "numMelBins": 40}, np.log(log_mel(n_mels=40)).T),
        ("librosa htk decibel", {"kind": "logMel", "lowFreq": 50, "highFreq": 7000, "numMelBins": 64, "melScale": "htk", "melNorm": "none", "log": "decibel"},
         10 * np.log10(log_mel(n_mels=64, htk=True, norm=None, fmin=50, fmax=7000)).T),
        ("librosa magnitude", {"kind": "logMel", "lowFreq": 0, "numMelBins": 40, "usePower": False, "log": "log10"},
         np.log10(log_mel(n_mels=40, power=1.0)).T),
        ("whisper 80", {"kind": "logMel", "lowFreq": 0, "numMelBins": 80, "log": "whisper"}, whisper(samples, 80)),
        ("whisper 128", {"kind": "logMel", "lowFreq": 0, "numMelBins": 128, "log": "whisper"}, whisper(samples, 128)),
        ("librosa decibel, 30 from the top", {"kind": "logMel", "lowFreq": 0, "numMelBins": 40, "log": "decibel", "topDb": 30},
         librosa.power_to_db(mel(n_mels=40), ref=1.0, amin=1e-10, top_db=30.0).T),
        ("librosa decibel of magnitudes", {"kind": "logMel", "lowFreq": 0, "numMelBins": 40, "usePower": False, "log": "decibel", "logFloor": 1e-5, "topDb": 80},
         librosa.amplitude_to_db(mel(power=1.0, n_mels=40), ref=1.0, amin=1e-5, top_db=80.0).T),
        ("torchaudio MelSpectrogram, 512 points", {"kind": "logMel", "fftSize": 512, "lowFreq": 0, "numMelBins": 40, "melScale": "htk", "melNorm": "none", "log": "log10"},
         torch.clamp(torch_mel(n_mels=40), min=1e-10).log10().T.numpy()),
        ("fbank of unscaled samples, 100 to 7600 Hz", {"kind": "fbank", "numMelBins": 40, "scale": 1, "lowFreq": 100, "highFreq": -400},
         kaldi.fbank(scaled / 32768, **common, num_mel_bins=40, low_freq=100.0, high_freq=-400.0).numpy()),
        ("fbank with windowed energy, last", {"kind": "fbank", "numMelBins": 23, "useEnergy": True, "rawEnergy": False, "htkCompat": True},
         fbank(num_mel_bins=23, use_energy=True, raw_energy=False, htk_compat=True)),
        ("second deltas", {"kind": "fbank", "numMelBins": 23, "deltas": 2},
         np.concatenate([base, deltas, second_deltas(base)], axis=1)),
        ("first deltas", {"kind": "fbank", "numMelBins": 23, "deltas": 1}, np.concatenate([base, deltas], axis=1)),
    ]
    # Away from the ends Kaldi's second derivatives are torchaudio's first, twice.
    again = torchaudio.functional.compute_deltas(torch.from_numpy(deltas.T), win_length=5).T.numpy()
    assert np.abs(second_deltas(base) - again)[4:-4].max() < 1e-12

    def sliding(window, center, norm_vars):
        return torchaudio.functional.sliding_window_cmn(
            torch.from_numpy(base), cmn_window=window, min_cmn_window=1, center=center, norm_vars=norm_vars
        ).numpy()

    content = {
        "source": f"torchaudio {torchaudio.__version__}, librosa {librosa.__version__}, float64",
        "sampleRate": RATE,
        "pcm16": base64.b64encode(pcm.astype("<i2").tobytes()).decode(),
        "cases": [{"name": name, "config": config, **rows(matrix)} for name, config, matrix in cases],
        "sliding": [
            {"window": window, "variance": variance, **rows(sliding(window, True, variance))}
            for window, variance in ((20, True), (21, False), (600, True))
        ],
    }
    (HERE / "others.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
