"""What both clients offer for the events of a call: handlers, and waiting for what happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, overload

from micdrop_widget._keywords import NOT_GIVEN, given, suggests_keywords
from micdrop_widget.call.events import Handler, Handlers
from micdrop_widget.call.levels import Levels
from micdrop_widget.call.subscriptions import EventFuture, EventStream, Inbox, Subscriptions
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.history.turns import Turn
from micdrop_widget.protocol import Classification, ConversationItem, EventName, ToolCall
from micdrop_widget.state import MicdropState, Notice

__all__ = ["CallEvents", "Role", "value_of"]

Role: TypeAlias = Literal["system", "user", "assistant", "tool_call", "tool_result"]
"""Who a conversation item is from."""


class CallEvents:
    """The methods of a call that have to do with its events and its state; the same on both clients.

    A client that derives from it sets the two attributes, and publishes each event to the handlers, then to the
    subscriptions.
    """

    _handlers: Handlers
    _subscriptions: Subscriptions

    def _state_now(self) -> MicdropState:
        """Return the state that belongs to the latest event published."""
        raise NotImplementedError

    @overload
    def on(self, event: Literal["StateChange"], handler: Callable[[MicdropState, MicdropState], object]) -> None: ...
    @overload
    def on(self, event: Literal["Error"], handler: Callable[[MicdropError], object]) -> None: ...
    @overload
    def on(self, event: Literal["EndCall"], handler: Callable[[], object]) -> None: ...
    @overload
    def on(self, event: Literal["Message"], handler: Callable[[ConversationItem], object]) -> None: ...
    @overload
    def on(self, event: Literal["PartialAssistantMessage"], handler: Callable[[str], object]) -> None: ...
    @overload
    def on(self, event: Literal["ToolCall"], handler: Callable[[ToolCall], object]) -> None: ...
    @overload
    def on(self, event: Literal["Classification"], handler: Callable[[Classification], object]) -> None: ...
    @overload
    def on(self, event: Literal["Turn"], handler: Callable[[Turn], object]) -> None: ...
    @overload
    def on(self, event: Literal["Levels"], handler: Callable[[Levels], object]) -> None: ...

    def on(self, event: EventName, handler: Handler) -> None:
        """Call a function at each event, in the order of the events.

        Parameters
        ----------
        event
            `StateChange(state, previous)`, `Error(error)`, `EndCall()`, `Message(item)`,
            `PartialAssistantMessage(text)`, `ToolCall(call)`, `Classification(classification)`, `Turn(turn)` or
            `Levels(levels)`, which comes ten times a second while there is sound.
        handler
            It may be async: then it runs on the event loop that registered it, and is not called again before it
            has ended; other handlers do not wait for it. One that raises is logged with its traceback; the call goes
            on. It runs in the context it was registered in, so that its prints appear under that cell.

        Raises
        ------
        ValueError
            There is no such event.
        TypeError
            The handler cannot be called.
        """
        self._handlers.on(event, handler)

    def off(self, event: EventName, handler: Handler | None = None) -> None:
        """Remove a handler, or all of an event."""
        self._handlers.off(event, handler)

    @overload
    def events(
        self, event: Literal["StateChange"], predicate: Callable[[MicdropState], object] | None = None, /
    ) -> EventStream[MicdropState]: ...
    @overload
    def events(
        self,
        event: Literal["Error"],
        predicate: Callable[[MicdropError], object] | None = None,
        /,
        *,
        code: MicdropErrorCode = ...,
    ) -> EventStream[MicdropError]: ...
    @overload
    def events(self, event: Literal["EndCall"], /) -> EventStream[None]: ...
    @overload
    def events(
        self,
        event: Literal["Message"],
        predicate: Callable[[ConversationItem], object] | None = None,
        /,
        *,
        role: Role = ...,
    ) -> EventStream[ConversationItem]: ...
    @overload
    def events(
        self, event: Literal["PartialAssistantMessage"], predicate: Callable[[str], object] | None = None, /
    ) -> EventStream[str]: ...
    @overload
    def events(
        self,
        event: Literal["ToolCall"],
        predicate: Callable[[ToolCall], object] | None = None,
        /,
        *,
        name: str = ...,
    ) -> EventStream[ToolCall]: ...
    @overload
    def events(
        self, event: Literal["Classification"], predicate: Callable[[Classification], object] | None = None, /
    ) -> EventStream[Classification]: ...
    @overload
    def events(
        self, event: Literal["Turn"], predicate: Callable[[Turn], object] | None = None, /
    ) -> EventStream[Turn]: ...
    @overload
    def events(
        self, event: Literal["Levels"], predicate: Callable[[Levels], object] | None = None, /
    ) -> EventStream[Levels]: ...

    @suggests_keywords
    def events(
        self,
        event: EventName,
        predicate: Callable[[Any], object] | None = None,
        /,
        *,
        role: Role = NOT_GIVEN,
        code: MicdropErrorCode = NOT_GIVEN,
        name: str = NOT_GIVEN,
    ) -> EventStream[Any]:
        """Return the events of a name from now on, to iterate over: `async for item in call.events("Message")`.

        It yields what a handler gets as its argument: the new state for `StateChange`, None for `EndCall`. It works
        on any event loop, keeps what comes between two rounds, and ends when the call is closed.

        Parameters
        ----------
        event
            As of `on`.
        predicate
            Called with each event, where the iteration runs: those for which it is false are left out.
        role, code, name
            Only messages of this role, errors of this code, calls of the tool of this name.

        Raises
        ------
        ValueError
            There is no such event.
        TypeError
            The event has no such field.
        """
        matches = self._matcher(event, predicate, given(locals(), _FILTERS))
        return EventStream(self._subscriptions.add(event), matches)

    @overload
    def wait_for(
        self,
        event: Literal["StateChange"],
        predicate: Callable[[MicdropState], object] | None = None,
        /,
        *,
        timeout: float | None = None,
    ) -> EventFuture[MicdropState]: ...
    @overload
    def wait_for(
        self,
        event: Literal["Error"],
        predicate: Callable[[MicdropError], object] | None = None,
        /,
        *,
        timeout: float | None = None,
        code: MicdropErrorCode = ...,
    ) -> EventFuture[MicdropError]: ...
    @overload
    def wait_for(self, event: Literal["EndCall"], /, *, timeout: float | None = None) -> EventFuture[None]: ...
    @overload
    def wait_for(
        self,
        event: Literal["Message"],
        predicate: Callable[[ConversationItem], object] | None = None,
        /,
        *,
        timeout: float | None = None,
        role: Role = ...,
    ) -> EventFuture[ConversationItem]: ...
    @overload
    def wait_for(
        self,
        event: Literal["PartialAssistantMessage"],
        predicate: Callable[[str], object] | None = None,
        /,
        *,
        timeout: float | None = None,
    ) -> EventFuture[str]: ...
    @overload
    def wait_for(
        self,
        event: Literal["ToolCall"],
        predicate: Callable[[ToolCall], object] | None = None,
        /,
        *,
        timeout: float | None = None,
        name: str = ...,
    ) -> EventFuture[ToolCall]: ...
    @overload
    def wait_for(
        self,
        event: Literal["Classification"],
        predicate: Callable[[Classification], object] | None = None,
        /,
        *,
        timeout: float | None = None,
    ) -> EventFuture[Classification]: ...
    @overload
    def wait_for(
        self,
        event: Literal["Turn"],
        predicate: Callable[[Turn], object] | None = None,
        /,
        *,
        timeout: float | None = None,
    ) -> EventFuture[Turn]: ...
    @overload
    def wait_for(
        self,
        event: Literal["Levels"],
        predicate: Callable[[Levels], object] | None = None,
        /,
        *,
        timeout: float | None = None,
    ) -> EventFuture[Levels]: ...

    @suggests_keywords
    def wait_for(
        self,
        event: EventName,
        predicate: Callable[[Any], object] | None = None,
        /,
        *,
        timeout: float | None = None,
        role: Role = NOT_GIVEN,
        code: MicdropErrorCode = NOT_GIVEN,
        name: str = NOT_GIVEN,
    ) -> EventFuture[Any]:
        """Wait for the next event that fits: `await call.wait_for("Message", role="assistant", timeout=10)`.

        It counts from the moment of this call, not of the `await`: what comes in between is not missed.

        Parameters
        ----------
        event, predicate, role, code, name
            As of `events`.
        timeout
            Seconds from the `await` on; None waits until the call is closed.

        Returns
        -------
        EventFuture
            Await it for the event, as `events` yields it; or ask for its `result()` in a thread without event loop.

        Raises
        ------
        ValueError, TypeError
            As of `events`.
        TimeoutError
            When awaited: no such event came in time.
        CallClosedError
            When awaited: the call was closed before one came.
        """
        fields = given(locals(), _FILTERS)
        matches = self._matcher(event, predicate, fields)
        wanted = "".join(f", {field}={value!r}" for field, value in fields.items())
        return self._future_of(
            self._subscriptions.add(event),
            matches,
            timeout_s=timeout,
            missing=lambda: f"no event has come that fits {event!r}{wanted}{_shown(predicate)}",
        )

    @suggests_keywords
    def until(
        self,
        predicate: Callable[[MicdropState], object] | None = None,
        /,
        *,
        timeout: float | None = None,
        isStarting: bool = NOT_GIVEN,
        isStarted: bool = NOT_GIVEN,
        isReconnecting: bool = NOT_GIVEN,
        isMuted: bool = NOT_GIVEN,
        isPaused: bool = NOT_GIVEN,
        isListening: bool = NOT_GIVEN,
        isProcessing: bool = NOT_GIVEN,
        isUserSpeaking: bool = NOT_GIVEN,
        isAssistantSpeaking: bool = NOT_GIVEN,
        isMicStarted: bool = NOT_GIVEN,
        isMicMuted: bool = NOT_GIVEN,
        isInterruptionDisabled: bool = NOT_GIVEN,
        micDeviceId: str | None = NOT_GIVEN,
        speakerDeviceId: str | None = NOT_GIVEN,
        micDevices: tuple[Device, ...] = NOT_GIVEN,
        speakerDevices: tuple[Device, ...] = NOT_GIVEN,
        conversation: tuple[ConversationItem, ...] = NOT_GIVEN,
        partialAssistantMessage: str = NOT_GIVEN,
        error: MicdropError | None = NOT_GIVEN,
        notices: tuple[Notice, ...] = NOT_GIVEN,
    ) -> EventFuture[MicdropState]:
        """Wait until the state is as asked for: `await call.until(isListening=True, timeout=10)`.

        Parameters
        ----------
        predicate
            Called with the state now, and with each one that follows, where it is awaited.
        timeout
            Seconds from the `await` on; None waits until the call is closed.
        isStarting, isStarted, isReconnecting, isMuted, isPaused, isListening, isProcessing, isUserSpeaking, \
isAssistantSpeaking, isMicStarted, isMicMuted, isInterruptionDisabled, micDeviceId, speakerDeviceId, micDevices, \
speakerDevices, conversation, partialAssistantMessage, error, notices
            The value that the field of `MicdropState` must have; several, and a predicate, must hold at once.

        Returns
        -------
        EventFuture
            Await it for the state that is as asked for; or ask for its `result()` in a thread without event loop.

        Raises
        ------
        TypeError
            There is no such field.
        TimeoutError
            When awaited: the state was not reached in time; the message says what it is instead.
        CallClosedError
            When awaited: the call was closed before.
        """
        expected = given(locals(), MicdropState.FIELDS)
        inbox = self._subscriptions.add("StateChange")

        def matches(state: MicdropState) -> bool:
            fits = all(getattr(state, field) == value for field, value in expected.items())
            return fits and (predicate is None or bool(predicate(state)))

        def missing() -> str:
            state = self._state_now()
            now: object = {field: getattr(state, field) for field in expected}
            if predicate is not None:
                now = [field for field in MicdropState.FIELDS if getattr(state, field) is True]
            return f"the state is {now}, expected {expected or ''}{_shown(predicate)}"

        return self._future_of(inbox, matches, timeout_s=timeout, missing=missing, first=(self._state_now(),))

    def _future_of(self, inbox: Inbox, matches: Callable[[Any], object], **rest: Any) -> EventFuture[Any]:  # noqa: ANN401
        """Return the future of a wait; a client whose waits have limits of their own returns one with them."""
        return EventFuture(inbox, matches, **rest)

    def _matcher(
        self, event: str, predicate: Callable[[Any], object] | None, fields: dict[str, Any]
    ) -> Callable[[Any], bool]:
        self._handlers.check(event)
        for field in fields:
            if _FILTERS[field] != event:
                raise TypeError(f"{field}=: an event {event!r} has none, only {_FILTERS[field]!r}")

        def matches(value: object) -> bool:
            fits = all(getattr(value, field) == wanted for field, wanted in fields.items())
            return fits and (predicate is None or bool(predicate(value)))

        return matches


_FILTERS = {"role": "Message", "code": "Error", "name": "ToolCall"}
"""The fields by which events can be filtered, and the event that has each."""


def _shown(predicate: Callable[..., object] | None) -> str:
    return "" if predicate is None else f" for which {getattr(predicate, '__qualname__', predicate)} is true"


def value_of(arguments: tuple[Any, ...]) -> object:
    """Return what a wait for an event returns: the event's first argument, or None where it has none."""
    return arguments[0] if arguments else None
