"""The events of a call and of its voice activity detection, and the handlers that are registered for them."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, get_args, overload

from micdrop_widget._keywords import suggest
from micdrop_widget.protocol import EventName
from micdrop_widget.speech import SpeechEventName, VadEventName
from micdrop_widget.vad import VAD, Status

__all__ = ["LATEST_COUNTS", "STATUS_AFTER", "VAD_EVENTS", "CallListener", "CallVAD", "Handler", "Handlers", "InContext"]

Handler: TypeAlias = Callable[..., object]

_T = TypeVar("_T")

_EVENTS: tuple[str, ...] = get_args(EventName)

LATEST_COUNTS = ("PartialAssistantMessage", "Levels")
"""Events of which a handler that is slow gets the latest alone."""


class CallListener(Protocol):
    """Receives what a call reports. All methods are called on the call's event loop, in order, and return at once."""

    def on_event(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        """Receive an event, with the arguments of its handlers."""
        ...

    def on_speech_event(self, event: SpeechEventName) -> None:
        """Receive an event of the voice activity detection."""
        ...

    def observes_levels(self) -> bool:
        """Return whether anybody observes the levels, which are measured ten times a second for them."""
        ...

    def on_log_line(self, line: str) -> None:
        """Receive a line of `debug_log`."""
        ...


class InContext:
    """A handler that runs in the context it was registered in, so that its prints appear under that cell.

    It equals the handler it wraps: whoever removes the handler finds it.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self._context = contextvars.copy_context()

    def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401 - the handler's own types
        """Call the handler."""
        return self.run(self.handler, *arguments)

    def run(self, function: Callable[..., _T], *arguments: Any) -> _T:  # noqa: ANN401 - the function's own types
        """Call any function in the handler's context."""
        # a copy, since a context cannot be entered twice at a time
        return self._context.copy().run(function, *arguments)

    def takes_place_of(self, earlier: InContext) -> bool:
        """Return whether this one replaces a handler that was added before: here it replaces none."""
        return False

    def __eq__(self, other: object) -> bool:
        return self.handler == (other.handler if isinstance(other, InContext) else other)

    def __hash__(self) -> int:
        return hash(self.handler)


class Handlers:
    """A register of handlers per event. A handler is called once per event, however often it was added.

    Parameters
    ----------
    wrap
        What each handler is wrapped in.
    events
        The names of all events; by default those of a call.
    """

    def __init__(self, wrap: type[InContext] = InContext, events: tuple[str, ...] = _EVENTS) -> None:
        self._wrap = wrap
        self._handlers: dict[str, list[InContext]] = {event: [] for event in events}

    def on(self, event: str, handler: Handler) -> None:
        """Add a handler.

        Raises
        ------
        ValueError
            There is no such event.
        TypeError
            The handler cannot be called.
        """
        if not callable(handler):
            raise TypeError(f"on({event!r}): expected a function, got {type(handler).__name__}")
        handlers, added = self._of(event), self._wrap(handler)
        handlers[:] = [each for each in handlers if not added.takes_place_of(each)]
        if handler not in handlers:
            handlers.append(added)

    def off(self, event: str, handler: Handler | None = None) -> None:
        """Remove a handler, or all of an event; one that is not there is no error."""
        handlers = self._of(event)
        if handler is None:
            handlers.clear()
        elif handler in handlers:
            handlers.remove(handler)  # type: ignore[arg-type]  # equal to its wrapper

    def of(self, event: str) -> tuple[InContext, ...]:
        """Return the handlers of an event, in the order they were added."""
        return tuple(self._handlers[event])

    def check(self, event: str) -> None:
        """Raise `ValueError` where there is no such event."""
        self._of(event)

    def _of(self, event: str) -> list[InContext]:
        if event not in self._handlers:
            raise ValueError(f"unknown event {event!r}: {suggest(event, self._handlers, cutoff=0.5)}")
        return self._handlers[event]


VAD_EVENTS = (*get_args(SpeechEventName), "ChangeStatus")

STATUS_AFTER: dict[SpeechEventName, Status] = {
    "StartSpeaking": Status.MAYBE_SPEAKING,
    "ConfirmSpeaking": Status.SPEAKING,
    "CancelSpeaking": Status.SILENCE,
    "StopSpeaking": Status.SILENCE,
}
"""The status of the detection after each of its events."""


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
        self.handlers = Handlers(wrap, VAD_EVENTS)

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

    def calls_for(self, event: SpeechEventName) -> tuple[tuple[VadEventName, tuple[Any, ...]], ...]:
        """Return the events for an event of the detection, with their arguments: itself, and the change of status."""
        return (event, ()), ("ChangeStatus", (STATUS_AFTER[event],))

    @overload
    def on(self, event: Literal["ChangeStatus"], handler: Callable[[Status], object]) -> None: ...

    @overload
    def on(self, event: SpeechEventName, handler: Callable[[], object]) -> None: ...

    def on(self, event: VadEventName, handler: Callable[..., object]) -> None:
        """Call a function at each event, in one order with the call's own handlers.

        Parameters
        ----------
        event
            `StartSpeaking` (this may be speech), then `ConfirmSpeaking` (it is; the utterance goes out) or
            `CancelSpeaking` (a false alarm), and `StopSpeaking` (confirmed speech is over; also when the call stops
            listening): without arguments. The status changes at these events and at no others; each is followed by
            `ChangeStatus`, with the new `Status`.
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

    def off(self, event: VadEventName, handler: Callable[..., object] | None = None) -> None:
        """Remove a handler, or all of an event."""
        self.handlers.off(event, handler)
