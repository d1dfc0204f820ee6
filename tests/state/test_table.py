"""The transition table, row by row: effects in their order, and every fact of the call afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from micdrop_widget import protocol as wire
from micdrop_widget.state import Phase, effects, inputs, snapshot, step
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.machine import TABLE, find_row
from tests.state import call_cases, device_cases, end_cases, limit_cases, speech_cases, turn_cases
from tests.state.cases import SETTINGS, Case, call_in, error, name_of
from tests.state.wording import in_words

CASES = (
    call_cases.CASES + device_cases.CASES + end_cases.CASES + speech_cases.CASES + turn_cases.CASES + limit_cases.CASES
)
EVERY = [(case, phase) for case in CASES for phase in case.phases]
NOW_MS = 1000


def test_no_two_rows_have_the_same_name_in_the_same_phase() -> None:
    pairs = [(name_of(row), phase) for row in TABLE for phase in row.phases]
    assert len(pairs) == len(set(pairs))


def test_no_row_is_untested_in_any_of_its_phases() -> None:
    tested = {(case.row, phase.name) for case, phase in EVERY}
    in_table = {(name_of(row), phase.name) for row in TABLE for phase in row.phases}
    assert tested == in_table


@pytest.mark.parametrize(
    ("case", "phase"), EVERY, ids=[f"{phase.name} {case.row} {n}" for n, (case, phase) in enumerate(EVERY)]
)
def test_a_row_asks_for_these_effects_and_changes_these_facts(case: Case, phase: Phase) -> None:
    before = case.before(phase)
    row = find_row(before, case.on)
    assert row is not None
    assert name_of(row) == case.row

    after, asked = step(before, case.on, NOW_MS)
    expected = case.after(phase, row)
    if "send StopSpeaking" in case.asks:
        expected = replace(expected, answer_begins=True)

    match case.on:
        case inputs.Received(_, wire.Message(wire.TextMessage("assistant"))):
            expected = replace(expected, answer_written=True)

    assert in_words(asked) == list(case.asks)
    if case.error is not None:
        assert after.error is not None
        assert after.error.code is case.error
        expected = replace(expected, error=after.error)
    # of test_limits.py
    times = {name: getattr(after, name) for name in ("playback_deadline_ms", "playback_reported_ms")}
    expected = replace(expected, **times)
    assert after == expected
    assert after.outbox == expected.outbox


@pytest.mark.parametrize(("case", "phase"), EVERY[::7])
def test_the_state_change_comes_first_and_names_both_states(case: Case, phase: Phase) -> None:
    before = case.before(phase)
    after, asked = step(before, case.on, NOW_MS)
    changes = [effect for effect in asked if isinstance(effect, effects.StateChanged)]
    if snapshot(before) == snapshot(after):
        assert changes == []
    else:
        assert changes == [asked[0]] == [effects.StateChanged(snapshot(after), snapshot(before))]


LATE = [
    inputs.ConnectionOpened(1),
    inputs.ConnectionFailed(1, error()),
    inputs.ConnectionClosed(1, 1006),
    inputs.ConnectionClosed(1, 4401),
    inputs.ConnectionClosed(1, 1000),
    inputs.Received(1, wire.EndCall()),
    inputs.Received(1, wire.Audio(bytes(4))),
    inputs.RoundTripMeasured(1, 5),
    inputs.MicrophoneOpened(1),
    inputs.MicrophoneFailed(1, error()),
    inputs.MicrophoneEnded(1, error()),
    inputs.TurnPredicted(0, complete=True),
    inputs.TurnPredicted(0, complete=False),
    inputs.PlaybackProgress(1, 1),
    inputs.PlaybackProgress(2, 0),
    inputs.PlaybackProgress(2, 101),
    inputs.TimerFired(Timer.READY),
    inputs.TimerFired(Timer.RETRY),
    inputs.TimerFired(Timer.GOODBYE),
]


@pytest.mark.parametrize("event", LATE, ids=repr)
def test_a_late_report_changes_nothing(event: inputs.Input) -> None:
    call = call_in(Phase.LIVE, connection=2, mic_request=2, epoch=2, playback_samples=100)
    assert step(call, event, NOW_MS) == (call, ())


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(
    "event",
    [inputs.Start(SETTINGS), inputs.StartMic(), inputs.Pause(), speech_cases.CONFIRMED, inputs.PlaybackProgress(0, 0)],
    ids=repr,
)
def test_what_no_row_takes_changes_nothing(event: inputs.Input, phase: Phase) -> None:
    call = call_in(phase, muted=True)
    if find_row(call, event) is None:
        assert step(call, event, NOW_MS) == (call, ())
