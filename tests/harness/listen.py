"""Is a recording the whole of what was said, in order, once? Compared block by block."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from tests.harness.correlation import Alignment, Floats, Signal, align, as_float, correlate

__all__ = ["Alignment", "Fault", "Signal", "align", "find_faults", "zero_runs"]

_SILENT_RUN_SAMPLES = 16
_LONGER_BY = 8
_SHORTER_BY = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """A place where the recording is not the reference.

    Attributes
    ----------
    kind
        ``dropped``: samples of the reference are missing, what follows comes early. ``repeated``: samples
        too many, what follows comes late. ``gap``: the same, and the samples too many are exact zeros.
        ``silenced``: exact zeros in place of the reference, nothing is shifted. ``damaged``: something else
        in its place. ``missing``: the reference's head or tail is not there.
    position
        Sample of the reference, to within a block.
    samples
        How many; exact, but for ``damaged`` and ``missing``, which count whole blocks.
    """

    kind: Literal["dropped", "repeated", "gap", "silenced", "damaged", "missing"]
    position: int
    samples: int

    def may_be_device_slip(self, tick: int = 160) -> bool:
        """Whether Chromium's fake microphone can have done it: it skips ticks of 10 ms under load."""
        over = self.samples % tick
        match self.kind:
            case "dropped" | "gap":
                return over == 0
            case "silenced":  # zeros of the speech may lengthen the run, resampling shortens it
                return self.samples > tick // 2 and (over < _LONGER_BY or over > tick - _SHORTER_BY)
            case _:
                return False


def find_faults(
    reference: Signal,
    recording: Signal,
    *,
    block: int = 480,
    min_correlation: float = 0.98,
    max_shift: int = 16000,
    quiet_db: float = 40,
) -> list[Fault]:
    """Compare block by block: a recording without missing, repeated or gapped samples has no fault.

    Each block of the reference must be at the lag of the block before; the last one overlaps its neighbour,
    so that the reference is covered to its end.

    Parameters
    ----------
    block
        Samples; 20 to 50 ms is a good length.
    min_correlation
        For a block to count as found. 0.98 suits samples that were only carried. What came through
        the browser's microphone was also filtered: see `channel.match_channel`.
    max_shift
        How many samples may be lost or added at one place.
    quiet_db
        Blocks so much under the loudest cannot be told apart and are passed over. Samples that were only
        carried are compared well at 60.
    """
    wanted, heard = as_float(reference), as_float(recording)
    audible = _audible_blocks(wanted, block, quiet_db)
    located = _locate(audible, wanted, heard, block=block, min_correlation=min_correlation, max_shift=max_shift)
    good = [(start, lag) for start, lag in located if lag is not None]
    if not good:
        return [Fault("missing", 0, len(wanted))]
    faults: list[Fault] = []
    if head := good[0][0] - audible[0]:
        faults.append(Fault("missing", audible[0], head))
    for (start, lag), (next_start, next_lag) in pairwise(good):
        end = start + block
        bad = sum(start < other < next_start for other, _ in located)
        if lag != next_lag or bad:
            # A block still counts as found when a little of it is hurt: look into both neighbours.
            around_heard = heard[max(0, start + lag) : max(0, next_start + block + next_lag)]
            around_wanted = wanted[start : next_start + block]
            faults.append(_name(around_heard, around_wanted, end, next_lag - lag, bad * block))
    if audible[-1] > (end := good[-1][0]):
        faults.append(Fault("missing", end + block, audible[-1] - end))
    return faults


def zero_runs(samples: Signal, min_samples: int = _SILENT_RUN_SAMPLES) -> list[tuple[int, int]]:
    """Find runs of exact zeros as ``[start, end)``. Speech of espeak-ng holds runs of up to 50 ms itself."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(samples) == 0, [0]))))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, end) for start, end in runs if end - start >= min_samples]


def _name(heard: Floats, wanted: Floats, position: int, shift: int, damaged: int) -> Fault:
    longest = _longest_zero_run(heard)
    unnatural = longest > _longest_zero_run(wanted)
    if shift < 0:
        return Fault("dropped", position, -shift)
    if shift > 0:
        more_zeros = np.count_nonzero(heard == 0) - np.count_nonzero(wanted == 0)
        return Fault("gap" if more_zeros >= shift else "repeated", position, shift)
    if unnatural and longest >= _SILENT_RUN_SAMPLES:
        return Fault("silenced", position, longest)
    return Fault("damaged", position, damaged)


def _longest_zero_run(samples: Floats) -> int:
    return max((end - start for start, end in zero_runs(samples, 1)), default=0)


def _audible_blocks(wanted: Floats, block: int, quiet_db: float) -> list[int]:
    """Return where the blocks start that are loud enough to be told apart."""
    starts = [*range(0, len(wanted) - block, block), max(0, len(wanted) - block)]
    norms = np.array([np.linalg.norm(wanted[start : start + block]) for start in starts])
    loud = norms > 10 ** (-quiet_db / 20) * norms.max()
    return [start for start, is_loud in zip(starts, loud, strict=True) if is_loud]


def _locate(
    starts: list[int], wanted: Floats, heard: Floats, *, block: int, min_correlation: float, max_shift: int
) -> list[tuple[int, int | None]]:
    """Find the lag of each block, None where it is not in the recording."""
    lag = align(wanted, heard).lag
    room = max_shift + block + abs(lag) + len(wanted)
    padded = np.pad(heard, room)
    located: list[tuple[int, int | None]] = []
    for start in starts:
        piece, origin = wanted[start : start + block], room + start + lag
        if _similarity(piece, padded[origin : origin + block]) >= min_correlation:
            located.append((start, lag))
            continue
        low = max(0, origin - max_shift)
        values, _ = correlate(piece, padded[low : origin + max_shift + block])
        close = np.flatnonzero(values >= values.max() - 1e-3)
        best = int(close[np.argmin(np.abs(close + low - origin))])
        if values[best] < min_correlation:
            located.append((start, None))
            continue
        lag += best + low - origin
        located.append((start, lag))
    return located


def _similarity(first: Floats, second: Floats) -> float:
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size else 0.0
