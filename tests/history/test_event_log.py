"""The log of a call's events: what it keeps, in which bounds, and what it says of the states."""

from __future__ import annotations

import pytest

from micdrop_widget.history.event_log import MAX_EVENT_CHARS, MAX_EVENTS, MAX_PAYLOAD_CHARS, CallEvent, EventLog


def test_an_event_has_its_time_its_sample_its_name_and_what_is_known_of_it() -> None:
    log = EventLog()
    added = log.add(12.5, 200, "Message", {"role": "user", "content": "Grüße"})
    assert list(log) == [added]
    assert (added.time_ms, added.sample, added.name) == (12.5, 200, "Message")
    assert added.payload == {"role": "user", "content": "Grüße"}


def test_a_payload_is_kept_as_it_was_when_it_was_added() -> None:
    log, payload = EventLog(), {"metadata": {"a": 1}}
    event = log.add(0.0, 0, "Message", payload)
    payload["metadata"]["a"] = 2
    event.payload["metadata"]["a"] = 3
    assert event.payload == {"metadata": {"a": 1}}


def test_an_event_is_one_line_of_json_and_comes_back_from_it() -> None:
    event = EventLog().add(0.0625, 1, "Message", {"content": "two\nlines \U0001f600"})
    assert "\n" not in event.to_json()
    assert CallEvent.from_json(event.to_json()) == event


@pytest.mark.parametrize("line", ["", "[]", "{}", '{"time_ms": 1, "sample": 1, "name": "a", "payload": 1}'])
def test_a_line_that_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected an event of a call"):
        CallEvent.from_json(line)


def test_the_latest_events_are_kept() -> None:
    log = EventLog()
    for number in range(MAX_EVENTS + 3):
        log.add(float(number), number, "ToolCall")
    assert (len(log), log.dropped, log[0].sample, log[-1].sample) == (MAX_EVENTS, 3, 3, MAX_EVENTS + 2)


def test_payloads_are_bounded_together_and_each() -> None:
    log = EventLog()
    for _ in range(200):
        log.add(0.0, 0, "Message", {"content": "x" * (MAX_EVENT_CHARS - 100)})
    assert sum(len(event.payload_json) for event in log) <= MAX_PAYLOAD_CHARS
    assert len(log) + log.dropped == 200
    huge = log.add(0.0, 0, "Message", {"content": "x" * MAX_EVENT_CHARS})
    assert huge.payload == {"omitted_chars": MAX_EVENT_CHARS + 15}


def test_a_state_is_true_from_one_change_to_the_next() -> None:
    log = EventLog()
    log.add(0.0, 0, "Start", {"isMuted": True, "isPaused": False})
    log.add(10.0, 160, "StateChange", {"isPaused": True})
    log.add(25.0, 400, "StateChange", {"isMuted": False})
    log.add(30.0, 480, "StateChange", {"isMuted": True, "isPaused": False})
    assert log.spans("isMuted", 50.0) == [(0.0, 25.0), (30.0, 50.0)]
    assert log.spans("isPaused", 50.0) == [(10.0, 30.0)]
    assert log.spans("isStarted", 50.0) == []


def test_a_state_outlives_the_events_that_reported_it() -> None:
    log = EventLog()
    log.add(0.0, 0, "StateChange", {"isMuted": True})
    for number in range(MAX_EVENTS):
        log.add(100.0 + number, number, "ToolCall")
    log.add(30_000.0, 0, "StateChange", {"isMuted": False})
    assert log.spans("isMuted", 40_000.0) == [(101.0, 30_000.0)]


def test_a_log_is_a_sequence_and_a_frame() -> None:
    log = EventLog([CallEvent(1.0, 16, "Start"), CallEvent(2.0, 32, "EndCall")])
    assert [event.name for event in log[1:]] == ["EndCall"]
    assert log.of("Start") == [CallEvent(1.0, 16, "Start")]
    assert repr(log) == "<EventLog: 2 events>"
    assert log == EventLog(log)
    frame, empty = log.to_frame(), EventLog().to_frame()
    assert list(frame.columns) == ["time_ms", "sample", "name", "payload"]
    assert frame["name"].tolist() == ["Start", "EndCall"]
    assert frame.dtypes.equals(empty.dtypes)
