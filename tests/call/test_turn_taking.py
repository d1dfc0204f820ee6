"""The turn detector on an event loop: in a worker thread, one method at a time, and whatever it does to us."""

from __future__ import annotations

import asyncio
import logging
import threading

import numpy as np
import pytest

from micdrop_widget.audio import Pcm
from micdrop_widget.call.turn_taking import TurnTaking
from micdrop_widget.state import inputs
from micdrop_widget.turn import TurnDetector
from tests.harness.leaks import until
from tests.turn.detectors import ScriptedDetector, SlowDetector

pytestmark = pytest.mark.usefixtures("clean_loop")

ONE, TWO, THREE = (np.full(2, number, dtype=np.int16) for number in (1, 2, 3))


async def taking(detector: TurnDetector | None) -> tuple[TurnTaking, list[inputs.Input]]:
    answers: list[inputs.Input] = []
    turns = TurnTaking(answers.append)
    await turns.use(detector)
    return turns, answers


async def test_a_turn_is_heard_here_and_predicted_in_another_thread() -> None:
    detector = ScriptedDetector(0.2, 0.8)
    turns, answers = await taking(detector)
    turns.begin()
    turns.add(ONE)
    turns.ask(1)
    await until(lambda: answers)
    turns.add(TWO)
    turns.ask(2)
    await until(lambda: len(answers) == 2)
    assert answers == [inputs.TurnPredicted(1, complete=False), inputs.TurnPredicted(2, complete=True)]
    assert detector.heard == [[1, 1, 2, 2]]
    assert threading.current_thread() not in detector.threads


async def test_what_is_heard_during_a_prediction_is_pushed_after_it() -> None:
    detector = SlowDetector(False)
    turns, answers = await taking(detector)
    turns.begin()
    turns.add(ONE)
    turns.ask(1)
    await until(detector.asked.is_set)
    turns.add(TWO)
    turns.add(THREE)
    assert detector.heard == [[1, 1]]
    assert turns.asked
    detector.may_answer.set()
    await until(lambda: answers)
    assert detector.heard == [[1, 1, 2, 2, 3, 3]]
    assert not turns.asked


async def test_a_new_turn_waits_for_the_prediction_of_the_old_one() -> None:
    detector = SlowDetector(False, False)
    turns, answers = await taking(detector)
    turns.begin()
    turns.add(ONE)
    turns.ask(1)
    await until(detector.asked.is_set)
    turns.add(TWO)
    turns.begin()
    turns.add(THREE)
    turns.ask(2)
    assert detector.calls == ["load", "reset"]
    for count in (1, 2):
        detector.may_answer.set()
        await until(lambda count=count: len(answers) == count)  # type: ignore[misc]
    assert answers == [inputs.TurnPredicted(1, complete=False), inputs.TurnPredicted(2, complete=False)]
    assert detector.heard == [[1, 1], [3, 3]]
    assert detector.calls == ["load", "reset", "predict", "reset", "predict"]


async def test_a_detector_that_hangs_holds_no_more_than_half_a_minute() -> None:
    detector = SlowDetector(False)
    turns, answers = await taking(detector)
    turns.begin()
    turns.ask(1)
    await until(detector.asked.is_set)
    for number in range(1500):
        turns.add(np.array([number], dtype=np.int16))
    detector.may_answer.set()
    await until(lambda: answers)
    assert detector.heard == [list(range(500, 1500))]


class Faulty(ScriptedDetector):
    """Fails in one method."""

    def __init__(self, fails_in: str) -> None:
        super().__init__(False)
        self.fails_in = fails_in

    def reset(self) -> None:
        super().reset()
        self._fail("reset")

    def push(self, pcm: Pcm) -> None:
        super().push(pcm)
        self._fail("push")

    def predict(self) -> float | bool:
        self._fail("predict")
        return super().predict()

    def _fail(self, method: str) -> None:
        if method == self.fails_in:
            raise ZeroDivisionError(method)


@pytest.mark.parametrize("method", ["reset", "push", "predict"])
async def test_a_detector_that_fails_closes_the_turn_and_has_another_chance_in_the_next(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    detector = Faulty(method)
    turns, answers = await taking(detector)
    with caplog.at_level(logging.ERROR):
        turns.begin()
        turns.add(ONE)
        turns.add(TWO)
        turns.ask(1)
        await until(lambda: answers)
        turns.ask(2)
        assert answers == [inputs.TurnPredicted(1, complete=True), inputs.TurnPredicted(2, complete=True)]
    (record,) = caplog.records
    assert "the turn detector failed" in record.message
    assert record.exc_info is not None
    detector.fails_in = ""
    turns.begin()
    turns.ask(3)
    await until(lambda: len(answers) == 3)
    assert answers[2] == inputs.TurnPredicted(3, complete=False)


async def test_an_answer_that_is_none_closes_the_turn(caplog: pytest.LogCaptureFixture) -> None:
    turns, answers = await taking(ScriptedDetector(None))  # type: ignore[arg-type]
    turns.begin()
    turns.ask(1)
    await until(lambda: answers)
    assert answers == [inputs.TurnPredicted(1, complete=True)]
    assert "expected a probability or a bool, got None" in caplog.text


async def test_a_detector_that_comes_to_an_open_microphone_is_loaded_before_it_is_used() -> None:
    loading, go_on = threading.Event(), threading.Event()

    class Heavy(ScriptedDetector):
        def load(self) -> None:
            loading.set()
            assert go_on.wait(30)
            super().load()

    detector = Heavy(False)
    turns, answers = await taking(None)
    turns.use(detector)
    turns.begin()
    turns.add(ONE)
    turns.ask(1)
    await until(loading.is_set)
    assert detector.calls == []
    go_on.set()
    await until(lambda: answers)
    assert detector.calls == ["load", "reset", "predict"]
    assert detector.heard == [[1, 1]]
    turns.use(detector)
    await asyncio.sleep(0)
    assert detector.calls.count("load") == 1


async def test_without_a_detector_every_turn_is_complete() -> None:
    turns, answers = await taking(None)
    turns.begin()
    turns.add(ONE)
    turns.ask(1)
    assert answers == [inputs.TurnPredicted(1, complete=True)]


async def test_a_detector_is_never_loaded_while_it_is_asked_however_often_it_is_chosen() -> None:
    detector, other = SlowDetector(False), ScriptedDetector(True)
    turns, answers = await taking(detector)
    turns.begin()
    turns.ask(1)
    await until(detector.asked.is_set)
    await turns.use(detector)
    await turns.use(other)
    turns.begin()
    turns.ask(2)
    await until(lambda: answers)  # the one that hangs holds nobody up
    await turns.use(detector)
    turns.begin()
    assert detector.calls == ["load", "reset"]
    detector.may_answer.set()
    await until(lambda: len(answers) == 2)
    assert answers == [inputs.TurnPredicted(2, complete=True), inputs.TurnPredicted(1, complete=False)]
    assert detector.calls == ["load", "reset", "predict", "reset"]


async def test_a_detector_that_cannot_be_loaded_is_an_error_and_is_loaded_again_when_it_is_chosen_again() -> None:
    class Fragile(ScriptedDetector):
        def load(self) -> None:
            super().load()
            if self.calls == ["load"]:
                raise OSError("no model")

    detector = Fragile(False)
    turns, answers = await taking(None)
    with pytest.raises(OSError, match="no model"):
        await turns.use(detector)
    turns.ask(1)
    assert answers == [inputs.TurnPredicted(1, complete=True)]
    await turns.use(detector)
    turns.begin()
    turns.ask(2)
    await until(lambda: len(answers) == 2)
    assert answers[1] == inputs.TurnPredicted(2, complete=False)


async def test_an_old_detector_that_fails_is_no_failure_of_the_new_one(caplog: pytest.LogCaptureFixture) -> None:
    old, new = SlowDetector(ZeroDivisionError()), ScriptedDetector(False)
    turns, answers = await taking(old)
    turns.begin()
    turns.ask(1)
    await until(old.asked.is_set)
    await turns.use(new)
    turns.begin()
    old.may_answer.set()
    await until(lambda: answers)
    turns.ask(2)
    await until(lambda: len(answers) == 2)
    assert answers == [inputs.TurnPredicted(1, complete=True), inputs.TurnPredicted(2, complete=False)]
    assert "the turn detector failed" in caplog.text
