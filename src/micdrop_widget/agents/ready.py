"""An agent that is ready to be called."""

from __future__ import annotations

from typing import Any

from micdrop_widget.agents.companion import GREETING, NOT_UNDERSTOOD, PHRASES, companion
from micdrop_widget.agents.offline import HibariVoice, PocketsphinxEars

__all__ = ["offline_agent"]


def offline_agent() -> dict[str, Any]:
    """Return the parts of a small English agent that needs no network: `MicdropServer(**offline_agent())`.

    Returns
    -------
    dict
        `stt`, `agent`, `tts` and `greeting`, loaded. `agent` is `companion`, an example of sixty lines to copy.

    Raises
    ------
    ImportError
        The extra `agent` is not installed.
    """
    return {
        "stt": PocketsphinxEars(grammar=PHRASES, otherwise=NOT_UNDERSTOOD),
        "agent": companion,
        "tts": HibariVoice(),
        "greeting": GREETING,
    }
