"""A player of sound in a notebook's cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.audio_file import encode

if TYPE_CHECKING:
    from IPython.display import Audio

__all__ = ["MAX_PLAYED_BYTES", "notebook_audio"]

MAX_PLAYED_BYTES = 2_000_000
"""Jupyter's server drops an output of more than 3 MB (a rate of 1 MB/s over 3 s); base64 adds a third."""


def notebook_audio(samples: NDArray[np.int16]) -> Audio:
    """Return a player of samples at 16 kHz, of shape (n,) or (n, channels), which holds them.

    Lossless, as FLAC, for some minutes; what is longer is compressed as Ogg Vorbis.

    Raises
    ------
    ValueError
        They are too long for a notebook even so.
    """
    from IPython.display import Audio  # noqa: PLC0415 - a call in a program needs none

    encoded, kind = encode(samples, lossless=True), "flac"
    if len(encoded) > MAX_PLAYED_BYTES:
        encoded, kind = encode(samples, lossless=False), "ogg"
    if len(encoded) > MAX_PLAYED_BYTES:
        raise ValueError(
            f"{len(samples) / SAMPLE_RATE / 60:.0f} minutes are too long to be kept in a notebook: choose a part with "
            "start_s, end_s or turn, or one side"
        )
    player: Audio = Audio(data=encoded)  # type: ignore[no-untyped-call]
    player.mimetype = f"audio/{kind}"
    return player
