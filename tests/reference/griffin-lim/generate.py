"""Writes expected.json: mel spectrograms, bounds of silence and Griffin-Lim's sound by librosa and PyTorch.

    python generate.py

needs torch, librosa and NumPy. The recordings are those of fixtures/speech-recognition, taken as they are: the numbers do
not depend on what rate samples are said to have, but for the filters.
"""

import json
from pathlib import Path

import librosa
import numpy as np
import soundfile
import torch

HERE = Path(__file__).resolve().parent
AUDIO = HERE.parents[2] / "fixtures" / "speech-recognition" / "audio"


def load(name: str) -> np.ndarray:
    return soundfile.read(AUDIO / name, dtype="int16")[0].astype(np.float64) / 32768


def rows(matrix: np.ndarray) -> dict:
    """Shape [frames, dim] and some rows."""
    frames = len(matrix)
    kept = (0, frames // 3, frames - 1)
    return {
        "shape": list(matrix.shape),
        "rows": {str(i): [float(f"{x:.7g}") for x in matrix[i].tolist()] for i in kept},
    }


def log_mel(magnitudes: np.ndarray, rate: int, fft: int, mels: int, high: float) -> np.ndarray:
    filters = librosa.filters.mel(sr=rate, n_fft=fft, n_mels=mels, fmin=0, fmax=high, dtype=np.float64)
    return np.log(np.maximum(filters @ magnitudes, 1e-5)).T


def tacotron2(y, rate, fft, hop, window, mels=80, high=8000.0):
    spectrum = librosa.stft(y, n_fft=fft, hop_length=hop, win_length=window, pad_mode="reflect")
    return log_mel(np.abs(spectrum), rate, fft, mels, high)


def hifigan(y, rate, fft, hop, window, mels=80, high=8000.0, added=0.0):
    """As mel_spectrogram of HiFi-GAN's meldataset.py, which adds 1e-9."""
    pad = (fft - hop) // 2
    padded = torch.nn.functional.pad(torch.from_numpy(y)[None, None], (pad, pad), mode="reflect")[0, 0]
    spectrum = torch.stft(
        padded, fft, hop_length=hop, win_length=window, window=torch.hann_window(window, dtype=torch.float64),
        center=False, onesided=True, return_complex=True,
    )
    return log_mel(torch.sqrt(spectrum.abs() ** 2 + added).numpy(), rate, fft, mels, high)


def spectrograms() -> list:
    cases = []
    for name in ("vm-tocancelmsg.wav", "conf-muted.wav"):
        y = load(name)
        for convention, make in (("tacotron2", tacotron2), ("hifigan", hifigan)):
            for settings, sizes in (
                ({}, (22050, 1024, 256, 1024)),
                ({"sampleRate": 8000}, (8000, 512, 100, 400, 80, 4000.0)),
                ({"sampleRate": 16000, "numMelBins": 64, "hopLength": 192, "windowLength": 600}, (16000, 1024, 192, 600, 64)),
            ):
                matrix = make(y, *sizes)
                if make is hifigan:
                    original = hifigan(y, *sizes, added=1e-9)
                    print(name, settings, "most that 1e-9 changes:", np.abs(original - matrix).max())
                cases.append({"file": name, "config": {"convention": convention, **settings}, **rows(matrix)})
    return cases


def silences() -> list:
    cases = []
    for name in ("vm-tocancelmsg.wav", "conf-muted.wav", "digits/7.wav", "confbridge-removed.wav"):
        y = load(name).astype(np.float32)
        for options in ((60, 1024, 256), (40, 1024, 256), (20, 1024, 256), (15, 512, 128), (30, 2048, 512), (25, 401, 77), (3, 64, 16)):
            top, frame, hop = options
            bounds = librosa.effects.trim(y, top_db=top, frame_length=frame, hop_length=hop)[1]
            cases.append({"file": name, "topDb": top, "frameLength": frame, "hopLength": hop, "bounds": bounds.tolist()})
    return cases


def convergence(target, sound, **sizes) -> float:
    made = np.abs(librosa.stft(sound, pad_mode="reflect", **sizes))
    return float(np.linalg.norm(made - target) / np.linalg.norm(target))


def griffin_lim() -> dict:
    name = "digits/7.wav"
    y = load(name)
    cases = []
    for fft, hop, window in ((512, 128, 512), (512, 100, 400)):
        sizes = {"n_fft": fft, "hop_length": hop, "win_length": window}
        target = np.abs(librosa.stft(y, pad_mode="reflect", **sizes))
        for momentum, iterations in ((0.99, 0), (0.99, 1), (0.99, 5), (0.99, 60), (0.0, 30)):
            kwargs = dict(n_iter=iterations, momentum=momentum, init=None, pad_mode="reflect", **sizes)
            sound = librosa.griffinlim(target, **kwargs)
            single = librosa.griffinlim(target.astype(np.float32), **kwargs)
            print(sizes, momentum, iterations, "single precision differs by", np.linalg.norm(single - sound) / np.linalg.norm(sound))
            drawn = [
                convergence(target, librosa.griffinlim(target, **{**kwargs, "init": "random"}, random_state=seed), **sizes)
                for seed in range(10)
            ]
            cases.append({
                "fftSize": fft, "hopLength": hop, "windowLength": window, "momentum": momentum, "iterations": iterations,
                "length": len(sound), "norm": float(np.linalg.norm(sound)), "step": 29,
                "samples": [float(f"{x:.6g}") for x in sound[::29]],
                "convergence": convergence(target, sound, **sizes),
                "random": [min(drawn), max(drawn)],
            })
    return {"file": name, "cases": cases}


def main() -> None:
    content = {
        "source": f"librosa {librosa.__version__} and torch {torch.__version__.split('+')[0]}, float64",
        "spectrograms": spectrograms(),
        "silences": silences(),
        "griffinLim": griffin_lim(),
    }
    (HERE / "expected.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
