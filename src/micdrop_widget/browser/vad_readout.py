"""What the voice activity detection hears, on its way to the panels. On the loop thread."""

from __future__ import annotations

from collections.abc import Callable

from micdrop_widget.browser import messages
from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.pages import FrontEnds
from micdrop_widget.state import MicdropState
from micdrop_widget.vad import VAD

__all__ = ["VadReadout"]

_VISIBLE = 0.1
"""The panel draws the probability in steps of this size."""


class VadReadout:
    """Tells the panels the probability of speech and the level, several times a second.

    It is driven by the audio that arrives: a microphone that is muted or closed costs nothing. A probability that stays
    within a tenth, as that of a silence or of a sure voice, is told half as often.

    Parameters
    ----------
    downlink
        The way to the panels.
    front_ends
        Who shows the panel: nobody, and nothing is sent.
    state, detector
        Return the state of the call, and the voice activity detection in use.
    """

    def __init__(
        self, downlink: Downlink, front_ends: FrontEnds, state: Callable[[], MicdropState], detector: Callable[[], VAD]
    ) -> None:
        self._downlink = downlink
        self._front_ends = front_ends
        self._state = state
        self._detector = detector
        self._told = 0.0

    def update(self) -> None:
        """Tell what is heard, soon: audio has arrived."""
        self._downlink.send_deferred(self._tell, soon=abs(self._detector().probability - self._told) >= _VISIBLE)

    def _tell(self) -> messages.Content | None:
        state, vad = self._state(), self._detector()
        self._told = float(vad.probability)
        if state.isMicStarted and not state.isMicMuted and self._front_ends.shown:
            return messages.vad_readout(self._told, float(vad.level_db))
        return None
