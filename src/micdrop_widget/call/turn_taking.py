"""The turn detector in a call: hears the turn on the event loop, and is asked in a worker thread."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from micdrop_widget.audio import Pcm
from micdrop_widget.state import inputs
from micdrop_widget.turn import TurnDetector

__all__ = ["TurnTaking"]

_log = logging.getLogger("micdrop_widget.call.turn_taking")

_MAX_WAITING = 1000
"""Pieces of audio kept while the detector is busy, about 30 s, then the oldest are dropped: it hangs."""


class TurnTaking:
    """Never calls two methods of a detector at once: what is heard while it is busy is kept for it.

    All methods are called on one event loop. No limit of time is held here, that is the call machine's; an answer
    that comes late is late for the machine.

    Parameters
    ----------
    apply
        Called with each answer. A detector that fails answers that the turn is complete.
    """

    def __init__(self, apply: Callable[[inputs.Input], None]) -> None:
        self._apply = apply
        self.detector: TurnDetector | None = None
        """The detector in use, loaded."""
        self._busy = 0
        self._to_reset = False
        self._failed = False
        self._waiting: deque[Pcm] = deque(maxlen=_MAX_WAITING)
        self._question: int | None = None
        self.asked = False
        """A question waits for its answer."""

    def use(self, detector: TurnDetector | None) -> None:
        """Use a detector from now on; one that is new to an open microphone is loaded in the background."""
        if detector is not None and detector is not self.detector:
            self._run(detector.load, self._loaded)
        self.detector = detector

    def open(self) -> None:
        """Begin a turn."""
        self._failed = False
        self._to_reset = True
        self._waiting.clear()
        self._question = None
        self._catch_up()

    def hear(self, pcm: Pcm) -> None:
        """Take the next samples of the turn."""
        self._waiting.append(pcm)
        self._catch_up()

    def ask(self, question: int) -> None:
        """Ask whether the turn is complete; the answer carries the number of the question."""
        self._question = question
        self.asked = True
        self._ask()

    def _catch_up(self) -> None:
        if self._busy:
            return
        try:
            to_reset, self._to_reset = self._to_reset, False
            if to_reset and self.detector is not None:
                self.detector.reset()
            while self._waiting:
                pcm = self._waiting.popleft()
                if self.detector is not None and not self._failed:
                    self.detector.push(pcm)
        except Exception:  # noqa: BLE001 - the border to detectors that are not ours
            self._fail()

    def _ask(self) -> None:
        if self._busy or self._question is None:
            return
        question, self._question = self._question, None
        if self.detector is None or self._failed:
            self._answer(question, complete=True)
        else:
            self._run(self.detector.is_complete, lambda answer: self._answered(question, answer))

    def _run(self, slow: Callable[[], object], done: Callable[[asyncio.Future[object]], None]) -> None:
        self._busy += 1
        future = asyncio.get_running_loop().run_in_executor(None, slow)
        future.add_done_callback(done)

    def _loaded(self, answer: asyncio.Future[object]) -> None:
        self._finish(answer)
        self._ask()

    def _answered(self, question: int, answer: asyncio.Future[object]) -> None:
        complete = self._finish(answer)
        self._answer(question, complete=complete is not False)
        self._ask()

    def _answer(self, question: int, complete: bool) -> None:
        self.asked = self._question is not None
        self._apply(inputs.TurnPredicted(question, complete))

    def _finish(self, answer: asyncio.Future[object]) -> object:
        """Return what the worker thread returned, or None when it failed; the detector hears what it has missed."""
        self._busy -= 1
        result = None
        try:
            result = answer.result()
        except Exception:  # noqa: BLE001 - as above
            self._fail()
        self._catch_up()
        return result

    def _fail(self) -> None:
        self._failed = True
        _log.exception("the turn detector failed; the turn ends with the speech")
