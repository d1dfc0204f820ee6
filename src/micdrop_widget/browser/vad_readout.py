"""The detected probability of speech and the level, as the panels show them. On the loop thread."""

from __future__ import annotations

from collections.abc import Callable

from micdrop_widget.browser import messages
from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.pages import Pages
from micdrop_widget.browser.timing import Timing
from micdrop_widget.state import MicdropState
from micdrop_widget.vad import VAD

__all__ = ["VadReadout"]

_VISIBLE = 0.1
"""The panel draws the probability in steps of this size."""


class VadReadout:
    """Sends the panels the probability of speech and the level, several times a second.

    It is driven by the audio that arrives: a microphone that is muted or closed costs nothing. A probability that stays
    within a tenth, as that of a silence or of a sure voice, is sent half as often.

    Parameters
    ----------
    downlink
        Sends messages to the panels.
    pages
        The pages that show the panel; while there is none, nothing is sent.
    timing
        How long a readout may wait.
    state, detector
        Return the state of the call, and the voice activity detection in use.
    """

    def __init__(
        self,
        downlink: Downlink,
        pages: Pages,
        timing: Timing,
        *,
        state: Callable[[], MicdropState],
        detector: Callable[[], VAD],
    ) -> None:
        self._downlink = downlink
        self._pages = pages
        self._timing = timing
        self._state = state
        self._detector = detector
        self._shown_probability = 0.0

    def update(self) -> None:
        """Send a readout, deferred: audio has arrived."""
        is_visible = abs(self._detector().probability - self._shown_probability) >= _VISIBLE
        timing = self._timing
        self._downlink.send_deferred(self._build, timing.short_delay_s if is_visible else timing.long_delay_s)

    def _build(self) -> messages.Content | None:
        state, vad = self._state(), self._detector()
        self._shown_probability = float(vad.probability)
        if state.isMicStarted and not state.isMicMuted and self._pages.shown:
            return messages.vad_readout(self._shown_probability, float(vad.level_db))
        return None
