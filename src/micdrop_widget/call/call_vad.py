"""The voice activity detection of a call, seen from outside: what it hears now, and its four events."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from micdrop_widget.call.events import Handler, Handlers, InContext
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.vad import VAD, Status

__all__ = ["CallVAD"]


class CallVAD:
    """What `call.vad` is. It stays the same when the call is given another detector, and so do its handlers.

    Parameters
    ----------
    detector
        Returns the detector in use.
    status
        Returns the status after the latest window.
    wrap
        What each handler is wrapped in.
    """

    def __init__(
        self, detector: Callable[[], VAD], status: Callable[[], Status], wrap: type[InContext] = InContext
    ) -> None:
        self._detector = detector
        self._status = status
        self.handlers = Handlers(wrap, get_args(SpeechEventName))

    def __repr__(self) -> str:
        return f"<CallVAD {self.status.name}, {self.detector!r}>"

    @property
    def detector(self) -> VAD:
        """The detector in use. Its settings are attributes and may be changed while the call runs."""
        return self._detector()

    @property
    def status(self) -> Status:
        """`Status.SILENCE`, `Status.MAYBE_SPEAKING` or `Status.SPEAKING`."""
        return self._status()

    @property
    def probability(self) -> float:
        """Probability of speech of the latest window; NaN where no detector knows one."""
        return self.detector.probability

    @property
    def level_db(self) -> float:
        """Level that the latest decision by volume was made on; NaN where no detector knows one."""
        return self.detector.level_db

    def on(self, event: str, handler: Handler) -> None:
        """Call a function, without arguments, at each event, where the call's own handlers are called.

        Parameters
        ----------
        event
            `StartSpeaking` (this may be speech), then `ConfirmSpeaking` (it is; the utterance goes out) or
            `CancelSpeaking` (a false alarm), and `StopSpeaking` (confirmed speech is over; also when the call stops
            listening). The status changes at these events and at no others.
        handler
            One that raises is logged with its traceback; the call goes on.

        Raises
        ------
        ValueError
            There is no such event.
        TypeError
            The handler cannot be called.
        """
        self.handlers.on(event, handler)

    def off(self, event: str, handler: Handler | None = None) -> None:
        """Remove a handler, or all of an event."""
        self.handlers.off(event, handler)

    def call(self, event: SpeechEventName) -> None:
        """Call the handlers of an event, each of which takes care of its own errors."""
        for handler in self.handlers.of(event):
            handler()
