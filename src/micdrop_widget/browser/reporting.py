"""How a client whose call is in pages reports what happens: on one thread, to its subscriptions and its handlers."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable
from typing import Any

from micdrop_widget.browser.handler_thread import HandlerThread
from micdrop_widget.browser.waiting_calls import HandlerCall, UserHandler
from micdrop_widget.call.call_events import CallEvents, value_of
from micdrop_widget.call.events import LATEST_COUNTS, CallVAD, Handlers, InContext
from micdrop_widget.call.subscriptions import Subscriptions
from micdrop_widget.protocol import EventName
from micdrop_widget.speech import SpeechEventName

__all__ = ["ReportingClient"]


class ReportingClient(CallEvents):
    """A client that publishes each event to its subscriptions, and calls its handlers on a thread of their own.

    A client that derives from it calls `_set_up_reports`, and gives `_listener` to its call.
    """

    _handler_type: type[UserHandler] = UserHandler
    """What each handler of an event is wrapped in."""

    def _set_up_reports(self, vad: CallVAD) -> None:
        self._handler_thread = HandlerThread("micdrop-handlers")
        self._handlers = Handlers(self._handler_type)
        self._subscriptions = Subscriptions()
        self._vad = vad
        self._listener = _Listener(self)

    def _post_report(self, function: Callable[[], object]) -> None:
        """Call a function on the thread that reports events, after those posted earlier; here: the loop thread."""
        function()

    def _reported(self, outcome: Any) -> Any:  # noqa: ANN401 - a future of any type
        """Return a future with the same outcome, which is done when all events posted until then are reported."""
        return outcome

    def _emit(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        """Publish an event to the subscriptions, and call its handlers."""
        self._subscriptions.publish(event, value_of(arguments))
        key = event if event in LATEST_COUNTS else None
        self._call_handlers(self._handlers, event, arguments, key)

    def _observes_levels(self) -> bool:
        return bool(self._handlers.of("Levels")) or self._subscriptions.has("Levels")

    def _call_handlers(
        self, handlers: Handlers, event: str, arguments: tuple[Any, ...] = (), key: str | None = None
    ) -> None:
        for handler in handlers.of(event):
            assert isinstance(handler, UserHandler)
            self._handler_thread.call(HandlerCall(handler, event, arguments, key))

    def _end_reports(self, rest: contextlib.ExitStack, left_s: Callable[[], float]) -> None:
        """Register the ends of what reports events, for when the call has ended; the last one runs first."""
        rest.callback(lambda: self._handler_thread.stop(join_s=left_s()))
        rest.callback(self._subscriptions.close)


class _Listener:
    """Forwards what the call reports on the loop thread to the thread where the client reports events."""

    def __init__(self, client: ReportingClient) -> None:
        self._client = client
        # prints under the cell that makes the client
        self._print = InContext(lambda line: sys.stdout.write(f"{line}\n"))

    def on_event(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        self._client._post_report(lambda: self._client._emit(event, arguments))

    def on_speech_event(self, event: SpeechEventName) -> None:
        client = self._client
        for name, arguments in client._vad.calls_for(event):
            client._post_report(functools.partial(client._call_handlers, client._vad.handlers, name, arguments))

    def observes_levels(self) -> bool:
        return self._client._observes_levels()

    def on_log_line(self, line: str) -> None:
        self._client._post_report(lambda: self._print(line))
