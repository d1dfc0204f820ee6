"""The events of a call, kept in memory: what happened, when, and at which sample of the recording. Bounded.

The names, and what the payload of each holds, are those of `step_events`.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from micdrop_widget._extras import extra_needed
from micdrop_widget.history.step_events import START, STATE_CHANGE

if TYPE_CHECKING:
    import pandas

__all__ = ["MAX_EVENTS", "MAX_EVENT_CHARS", "MAX_PAYLOAD_CHARS", "CallEvent", "EventLog"]

MAX_EVENTS = 20_000
"""How many events are kept, the latest ones: five in each second of an hour."""

MAX_PAYLOAD_CHARS = 8_000_000
"""How long their payloads may be together. With its objects a full log takes 12 MB."""

MAX_EVENT_CHARS = 64_000
"""A payload that is longer is left out: `{"omitted_chars": n}` is in its place."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One event of a call."""

    time_ms: float
    """Milliseconds since `start()`, in steps of one sample."""
    sample: int
    """Where it lies on the time line of the recording."""
    name: str
    """What happened; `step_events` lists the names."""
    payload_json: str = "{}"
    """The event's details, as a JSON object."""

    @property
    def payload(self) -> dict[str, Any]:
        """The event's details; a new dict each time."""
        payload: dict[str, Any] = json.loads(self.payload_json)
        return payload

    def to_json(self) -> str:
        """Return it as one line: a JSON object of `time_ms`, `sample`, `name` and `payload`."""
        head = json.dumps({"time_ms": self.time_ms, "sample": self.sample, "name": self.name})
        return f'{head[:-1]}, "payload": {self.payload_json}}}'

    @classmethod
    def from_json(cls, line: str) -> CallEvent:
        """Return what `to_json` has written.

        Raises
        ------
        ValueError
            The line is something else.
        """
        try:
            fields = json.loads(line)
            payload = json.dumps(dict(fields["payload"]))
            return cls(float(fields["time_ms"]), int(fields["sample"]), str(fields["name"]), payload)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"expected an event of a call as JSON, got {line[:80]!r}") from error


class EventLog(Sequence[CallEvent]):
    """The events of one call, in order. One thread adds, any thread reads.

    At most 20 000 events with 8 million characters of payload are kept, 12 MB; then the oldest are dropped.
    """

    def __init__(self, events: Iterable[CallEvent] = ()) -> None:
        self._events: deque[CallEvent] = deque()
        self._payload_chars = 0
        self._dropped = 0
        self._state_before: dict[str, bool] = {}
        for event in events:
            self._append(event)

    def add(self, time_ms: float, sample: int, name: str, payload: Mapping[str, Any] | None = None) -> CallEvent:
        """Add an event, and return it as it is kept; a value of its payload that JSON does not know becomes a text."""
        payload_json = json.dumps(payload or {}, default=repr)
        if len(payload_json) > MAX_EVENT_CHARS:
            payload_json = json.dumps({"omitted_chars": len(payload_json)})
        event = CallEvent(time_ms, sample, name, payload_json)
        self._append(event)
        return event

    @property
    def dropped(self) -> int:
        """How many events were dropped because there were too many: those before the first one here."""
        return self._dropped

    def of(self, *names: str) -> list[CallEvent]:
        """Return the events of these names."""
        return [event for event in self if event.name in names]

    def spans(self, field: str, end_ms: float) -> list[tuple[float, float]]:
        """Return when a field of the state was true, as (start_ms, end_ms), in order.

        Parameters
        ----------
        field
            A field of `MicdropState` that is true or false, such as `isMuted`.
        end_ms
            When what is still true ends.
        """
        events = list(self)
        since = None
        if self._state_before.get(field) and events:
            since = events[0].time_ms
        spans = []
        for event in events:
            if event.name not in (START, STATE_CHANGE) or f'"{field}"' not in event.payload_json:
                continue
            value = event.payload.get(field)
            if value and since is None:
                since = event.time_ms
            elif value is False and since is not None:
                spans.append((since, event.time_ms))
                since = None
        if since is not None and since < end_ms:
            spans.append((since, end_ms))
        return spans

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per event: `time_ms`, `sample`, `name`, `payload`. Needs pandas, of the extra `analysis`.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        with extra_needed("analysis", "pandas", "Tables"):
            from micdrop_widget.history.table import events_frame  # noqa: PLC0415 - pandas loads where it is used

        return events_frame(self)

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[CallEvent]:
        return iter(tuple(self._events))  # a copy: events may be added meanwhile

    @overload
    def __getitem__(self, index: int) -> CallEvent: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[CallEvent, ...]: ...

    def __getitem__(self, index: int | slice) -> CallEvent | tuple[CallEvent, ...]:
        return tuple(self._events)[index] if isinstance(index, slice) else self._events[index]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, EventLog) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        dropped = f", after {self._dropped} that were dropped" if self._dropped else ""
        return f"<EventLog: {len(self)} events{dropped}>"

    def _append(self, event: CallEvent) -> None:
        self._events.append(event)
        self._payload_chars += len(event.payload_json)
        while len(self._events) > MAX_EVENTS or self._payload_chars > MAX_PAYLOAD_CHARS:
            self._drop(self._events.popleft())

    def _drop(self, event: CallEvent) -> None:
        self._dropped += 1
        self._payload_chars -= len(event.payload_json)
        if event.name in (START, STATE_CHANGE):
            changes = event.payload.items()
            self._state_before.update((field, value) for field, value in changes if isinstance(value, bool))
