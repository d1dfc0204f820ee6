"""`Uplink`: sends the user's utterances to a Realtime endpoint."""

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
        Rate of the endpoint's input, in Hz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._session: Session | None = None
        """The session that the utterance is sent to; None while there is no utterance."""
        self._resampler = Resampler(SAMPLE_RATE, rate)
        self._sent = 0

    def begin(self, session: Session) -> None:
        """Begin with an utterance; one that was not committed, since its answer never began, is dropped."""
        self.drop()
        self._session = session
        self._resampler = Resampler(SAMPLE_RATE, self._rate)
        self._sent = 0

    def push(self, pcm: Pcm) -> None:
        """Send the next samples of the utterance."""
        if self._session is not None and self._session.is_up:
            self._send(self._session, self._resampler.push(pcm))

    def drop(self) -> None:
        """Drop the utterance, at the endpoint too."""
        session, self._session = self._session, None
        if session is not None and session.is_up and self._sent:
            session.send({"type": "input_audio_buffer.clear"})

    def commit(self, session: Session, utterance: Pcm) -> None:
        """End the utterance; a session that did not receive it so far gets all of it."""
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
