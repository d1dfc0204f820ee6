"""When each piece of an answer is sent: chunks, jitter and bursts as a plan, the same for the same seed."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from micdrop_widget.audio import Pcm, ms_to_samples, pcm_to_bytes

__all__ = ["Chunk", "rhythm"]


class Chunk(NamedTuple):
    """A piece of an answer, and when it is sent."""

    at_s: float
    """Seconds after the first."""
    pcm_bytes: bytes


def rhythm(
    pcm: Pcm,
    *,
    chunk_ms: float = 100,
    pace: float = 1.0,
    jitter_ms: float = 0,
    burst: int = 1,
    odd_bytes: bool = False,
    seed: int = 0,
) -> list[Chunk]:
    """Return an answer cut into chunks, each with the time when it is sent.

    Parameters
    ----------
    pcm
        The answer, int16 at 16 kHz.
    chunk_ms
        Length of a chunk; the last may be shorter.
    pace
        How many seconds of audio are sent a second; 0: all at once.
    jitter_ms
        Each chunk is late by a random time up to this; none overtakes another.
    burst
        How many chunks are held back and sent together.
    odd_bytes
        Cut within samples: each chunk but the last has an odd number of bytes.
    seed
        The seed of the jitter.
    """
    if chunk_ms <= 0 or pace < 0 or jitter_ms < 0 or burst < 1:
        raise ValueError("rhythm: expected chunk_ms > 0, pace >= 0, jitter_ms >= 0 and burst >= 1")
    chance = Random(seed)
    size = 2 * max(1, ms_to_samples(chunk_ms)) - (1 if odd_bytes else 0)
    whole = pcm_to_bytes(pcm)
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    chunks: list[Chunk] = []
    for index, piece in enumerate(pieces):
        last_of_burst = min(index - index % burst + burst, len(pieces)) - 1
        due_s = last_of_burst * chunk_ms / 1000 / pace if pace and burst > 1 else 0.0
        if pace and burst == 1:
            due_s = index * chunk_ms / 1000 / pace
        late_s = chance.uniform(0, jitter_ms) / 1000 if jitter_ms else 0.0
        at_s = max(due_s + late_s, chunks[-1].at_s if chunks else 0.0)
        chunks.append(Chunk(at_s, piece))
    return chunks
