"""Times torchaudio's features of files of 32-bit samples at 16 kHz, on one thread: a peer of bench/features.mjs.

It reads lines `NAME FILE` (fbank, mfcc, whisper or deltas), writes the features of all sounds to the file and answers each with
one JSON line: seconds.
"""

import json
import sys
import time

import numpy as np
import torch

# torchaudio refuses a PyTorch made for another CUDA, which does not matter here.
torch.version.cuda = None
import torchaudio  # noqa: E402

torch.set_num_threads(1)
torch.set_grad_enabled(False)
RATE = 16000
kaldi = torchaudio.compliance.kaldi
sounds = [torch.from_numpy(np.fromfile(name, dtype=np.float32)) for name in sys.argv[1:]]
window = torch.hann_window(400)
filters = torchaudio.functional.melscale_fbanks(201, 0.0, 8000.0, 80, RATE, norm="slaney", mel_scale="slaney").T


def fbank(sound):
    return kaldi.fbank(sound[None] * 32768, num_mel_bins=80, sample_frequency=RATE, dither=0.0)


def mfcc(sound):
    return kaldi.mfcc(sound[None] * 32768, sample_frequency=RATE, dither=0.0)


def whisper(sound):
    """As log_mel_spectrogram of openai/whisper."""
    power = torch.stft(sound, 400, 160, window=window, return_complex=True)[..., :-1].abs() ** 2
    log = torch.clamp(filters @ power, min=1e-10).log10()
    return ((torch.maximum(log, log.max() - 8.0) + 4.0) / 4.0).T


def deltas(sound):
    static = fbank(sound)
    return torch.cat([static, torchaudio.functional.compute_deltas(static.T).T], dim=1)


WORK = {"fbank": fbank, "mfcc": mfcc, "whisper": whisper, "deltas": deltas}

for line in sys.stdin:
    name, file = line.split()
    start = time.perf_counter()
    features = [WORK[name](sound) for sound in sounds]
    seconds = time.perf_counter() - start
    np.concatenate([each.numpy().ravel() for each in features]).astype(np.float32).tofile(file)
    print(json.dumps({"seconds": seconds}), flush=True)
