"""The errors of a page's playback, each with its remedy."""

from __future__ import annotations

from typing import Literal

from micdrop_widget.errors import MicdropError, MicdropErrorCode

__all__ = ["playback_error"]


def playback_error(reason: Literal["blocked", "failed"], detail: str) -> MicdropError:
    """Return the error for a reason that a page gives."""
    if reason == "blocked":
        message = "The answer was not played: the browser waits for a click before it plays sound."
        remedy = "Click “Click to allow audio” in the panel; the next answer is heard."
    else:
        message = f"The answer could not be played in the browser ({detail})."
        remedy = "If the next answer is not heard either, reload the page and press “Rejoin with the microphone”."
    return MicdropError(MicdropErrorCode.Unknown, message, remedy, reason=reason)
