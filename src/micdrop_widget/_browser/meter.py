"""What the voice activity detection hears, on its way to the panels. On the loop thread."""

from __future__ import annotations

from micdrop_widget import _comm
from micdrop_widget._browser.front_ends import FrontEnds
from micdrop_widget._browser.send import Send
from micdrop_widget.client import MicdropClient

__all__ = ["HearingMeter"]

_EVERY_MS = 125


class HearingMeter:
    """Tells the panels the probability of speech and the level, eight times a second at most.

    It is driven by the audio that arrives: a microphone that is muted or closed costs nothing.

    Parameters
    ----------
    send
        Sends a custom message.
    front_ends
        Who shows the panel: nobody, and nothing is sent.
    client
        The call that hears.
    """

    def __init__(self, send: Send, front_ends: FrontEnds, client: MicdropClient) -> None:
        self._send = send
        self._front_ends = front_ends
        self._client = client
        self._told_ms = -float(_EVERY_MS)

    def update(self, now_ms: float) -> None:
        """Tell what is heard, if it is worth it: audio has arrived.

        Parameters
        ----------
        now_ms
            The time in milliseconds, on a clock that never goes back.
        """
        state = self._client.state
        listens = state.isMicStarted and not state.isMicMuted
        if not listens or not self._front_ends.shown or now_ms - self._told_ms < _EVERY_MS:
            return
        self._told_ms = now_ms
        vad = self._client.vad
        self._send(_comm.hearing(float(vad.probability), float(vad.level_db)), None)
