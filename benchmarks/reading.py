"""Row `reading`: an hour of audio from a file, against soundfile alone, and the memory that it takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks.figures import Aim, Distribution, Figure, ratios
from benchmarks.interleaving import interleave
from benchmarks.speech import sentence
from micdrop_widget.audio_input import as_pcm

__all__ = ["measure"]

_SPEED = Aim("p50", 1.5)
_MEMORY = Aim("max", 2.0)

_PEAK = """
import re, sys
from pathlib import Path
from micdrop_widget.audio_input import as_pcm

def peak_bytes():
    # not getrusage, whose peak begins with that of the process which started this one
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text()).group(1))

as_pcm(sys.argv[2], channel=0)  # what is loaded once is no cost of the hour
before = peak_bytes()
pcm = as_pcm(sys.argv[1], channel=0)
print((peak_bytes() - before) / pcm.nbytes)
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure in CPU time, in turns; memory in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        minutes, rounds = (1, 2) if quick else (60, 5)
        small = _write(Path(folder) / "small.wav", 44_100, 2, 1 / 60)
        stereo = _write(Path(folder) / "stereo.wav", 44_100, 2, minutes)
        files = {
            "44.1 kHz stereo, WAV": stereo,
            "44.1 kHz stereo, FLAC": _write(Path(folder) / "stereo.flac", 44_100, 2, minutes),
            "16 kHz, WAV": _write(Path(folder) / "mono.wav", 16_000, 1, minutes),
        }
        for what, path in files.items():
            seconds = interleave(
                {"ours": _timed(_ours, path), "soundfile": _timed(_soundfile, path)}, rounds, warm_up=1
            )
            note = f"{np.median(seconds['ours']):.2f} against {np.median(seconds['soundfile']):.2f} s of CPU"
            yield Figure(f"{what} / soundfile.read", "x", ratios(seconds["ours"], seconds["soundfile"]), _SPEED, note)
        contestants = {"ours": _timed(_ours, stereo), "both": _timed(_soundfile_and_soxr, stereo)}
        seconds = interleave(contestants, rounds, warm_up=0)
        what = "44.1 kHz stereo, WAV / soundfile.read and soxr.resample"
        yield Figure(what, "x", ratios(seconds["ours"], seconds["both"]))
        for what, path in files.items():
            runs = [_peak(path, small) for _ in range(2 if quick else 3)]
            aim, least = (None, 0.0) if quick else (_MEMORY, 0.9)  # the samples themselves are in it
            yield Figure(f"{what}: peak memory / its samples at 16 kHz", "x", Distribution.of(runs), aim, least=least)


def _write(path: Path, rate: int, channels: int, minutes: float) -> Path:
    voice = np.tile(sentence(), 60)[: rate * 10]
    block = np.repeat(voice[:, None], channels, axis=1)
    with soundfile.SoundFile(path, "w", rate, channels, "PCM_16") as file:
        for _ in range(max(1, round(minutes * 6))):
            file.write(block)
    return path


def _timed(read: Callable[[Path], object], path: Path) -> Callable[[], float]:
    def run() -> float:
        began = time.process_time()
        read(path)
        return time.process_time() - began

    return run


def _ours(path: Path) -> object:
    return as_pcm(path, channel=0)


def _soundfile(path: Path) -> object:
    return soundfile.read(path)


def _soundfile_and_soxr(path: Path) -> object:
    samples, rate = soundfile.read(path)
    return soxr.resample(samples[:, 0], rate, 16_000)


def _peak(path: Path, small: Path) -> float:
    run = subprocess.run([sys.executable, "-c", _PEAK, path, small], check=True, capture_output=True, text=True)
    return float(run.stdout)
