"""What the user says, on its way to a Realtime endpoint."""

from __future__ import annotations

import numpy as np

from micdrop_widget.agents.realtime.session import Session
from micdrop_widget.agents.realtime.wire import append_audio
from micdrop_widget.audio import SAMPLE_RATE, Pcm, Resampler

__all__ = ["Uplink"]

_LEAST_S = 0.1
"""Endpoints refuse an utterance that is shorter: it is filled up with silence."""


class Uplink:
    """Sends an utterance while it is spoken, at the endpoint's rate and without a seam.

    Parameters
    ----------
    rate
        Of the endpoint's ears, in Hz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._session: Session | None = None
        """Where the utterance goes; None while there is none."""
        self._resampler = Resampler(SAMPLE_RATE, rate)
        self._sent = 0

    def begin(self, session: Session) -> None:
        """Begin with an utterance; one that was not committed, since its answer never began, is dropped."""
        self.drop()
        self._session = session
        self._resampler = Resampler(SAMPLE_RATE, self._rate)
        self._sent = 0

    def push(self, pcm: Pcm) -> None:
        """Send more of it."""
        if self._session is not None and self._session.is_up:
            self._send(self._session, self._resampler.push(pcm))

    def drop(self) -> None:
        """Let the endpoint forget it."""
        session, self._session = self._session, None
        if session is not None and session.is_up and self._sent:
            session.send({"type": "input_audio_buffer.clear"})

    def commit(self, session: Session, utterance: Pcm) -> None:
        """Note that it is whole; all of it goes to a session that is not the one it was sent to so far."""
        if session is not self._session:
            self.begin(session)
            self.push(utterance)
        self._session = None
        self._send(session, self._resampler.finish())
        self._send(session, np.zeros(max(0, round(_LEAST_S * self._rate) - self._sent), dtype=np.int16))
        session.send({"type": "input_audio_buffer.commit"})

    def _send(self, session: Session, pcm: Pcm) -> None:
        if len(pcm):
            self._sent += len(pcm)
            session.send(append_audio(pcm))
