"""What the voice activity detection hears, on its way to the panels. On the loop thread."""

from __future__ import annotations

from micdrop_widget import _comm
from micdrop_widget._browser.downlink import Downlink
from micdrop_widget._browser.front_ends import FrontEnds
from micdrop_widget.client import MicdropClient

__all__ = ["HearingMeter"]


class HearingMeter:
    """Tells the panels the probability of speech and the level, about five times a second.

    It is driven by the audio that arrives: a microphone that is muted or closed costs nothing.

    Parameters
    ----------
    downlink
        The way to the panels.
    front_ends
        Who shows the panel: nobody, and nothing is sent.
    client
        The call that hears.
    """

    def __init__(self, downlink: Downlink, front_ends: FrontEnds, client: MicdropClient) -> None:
        self._downlink = downlink
        self._front_ends = front_ends
        self._client = client

    def update(self) -> None:
        """Tell what is heard, soon: audio has arrived."""
        self._downlink.send_along(self._tell)

    def _tell(self) -> _comm.Content | None:
        state, vad = self._client.state, self._client.vad
        if state.isMicStarted and not state.isMicMuted and self._front_ends.shown:
            return _comm.hearing(float(vad.probability), float(vad.level_db))
        return None
