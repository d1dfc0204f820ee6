"""The turn detector in a call: gets the turn's samples on the event loop, and is asked in a worker thread."""

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
"""Chunks of audio kept while the detector is busy, about 30 s; then it hangs, and the oldest are dropped."""


class TurnTaking:
    """Never calls two methods of a detector at once: samples that come while it is busy are kept for it.

    All methods are called on one event loop. There is no limit of time here: the call machine has it, and ignores an
    answer that comes too late.

    Parameters
    ----------
    apply
        Called with each answer. A detector that fails answers that the turn is complete.
    """

    def __init__(self, apply: Callable[[inputs.Input], None]) -> None:
        self._apply = apply
        self._detector: TurnDetector | None = None
        self._loads: dict[int, tuple[TurnDetector | None, asyncio.Future[None]]] = {}
        """The detector in use and those that are busy, by identity; each future is done when its detector is loaded."""
        self._busy: list[TurnDetector] = []
        """Detectors that a worker thread runs now; one that hangs stays here, also when another is in use."""
        self._to_reset = False
        self._failed = False
        self._waiting: deque[Pcm] = deque(maxlen=_MAX_WAITING)
        self._question: int | None = None
        self.asked = False
        """A question waits for its answer."""

    def use(self, detector: TurnDetector | None) -> asyncio.Future[None]:
        """Use a detector from now on; one that is not loaded yet is loaded in the background.

        Returns
        -------
        Future
            Done when the detector is loaded; with its error when it cannot be. May be ignored, must not be cancelled.
        """
        self._detector = detector
        kept = [detector, *self._busy]
        self._loads = {key: load for key, load in self._loads.items() if load[0] in kept and not _has_failed(load[1])}
        if id(detector) not in self._loads:
            self._loads[id(detector)] = detector, self._load(detector)
        return self._loads[id(detector)][1]

    def begin(self) -> None:
        """Begin a turn."""
        self._failed = False
        self._to_reset = True
        self._waiting.clear()
        self._question = None
        self._catch_up()

    def add(self, pcm: Pcm) -> None:
        """Give the detector the next samples of the turn."""
        self._waiting.append(pcm)
        self._catch_up()

    def ask(self, question: int) -> None:
        """Ask whether the turn is complete; the answer carries the number of the question."""
        self._question = question
        self.asked = True
        self._ask()

    def _load(self, detector: TurnDetector | None) -> asyncio.Future[None]:
        is_loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        is_loaded.add_done_callback(_has_failed)  # retrieves its error, also where nobody awaits it
        if detector is None:
            is_loaded.set_result(None)
            return is_loaded

        def loaded(answer: asyncio.Future[object]) -> None:
            error = answer.exception()
            if error is None:
                is_loaded.set_result(None)
            else:
                is_loaded.set_exception(error)
            self._finish(detector, answer)
            self._ask()

        self._run(detector, detector.load, loaded)
        return is_loaded

    def _catch_up(self) -> None:
        detector = self._detector
        if detector in self._busy:
            return
        try:
            to_reset, self._to_reset = self._to_reset, False
            if to_reset and detector is not None:
                detector.reset()
            while self._waiting:
                pcm = self._waiting.popleft()
                if detector is not None and not self._failed:
                    detector.push(pcm)
        except Exception:  # noqa: BLE001 - the border to the user's detectors
            self._fail(detector)

    def _ask(self) -> None:
        detector = self._detector
        if detector in self._busy or self._question is None:
            return
        question, self._question = self._question, None
        if detector is None or self._failed:
            self._answer(question, complete=True)
            return

        def answered(answer: asyncio.Future[object]) -> None:
            complete = self._finish(detector, answer)
            self._answer(question, complete=complete is not False)
            self._ask()

        self._run(detector, detector.is_complete, answered)

    def _run(
        self, detector: TurnDetector, slow: Callable[[], object], done: Callable[[asyncio.Future[object]], None]
    ) -> None:
        self._busy.append(detector)
        asyncio.get_running_loop().run_in_executor(None, slow).add_done_callback(done)

    def _answer(self, question: int, *, complete: bool) -> None:
        self.asked = self._question is not None
        self._apply(inputs.TurnPredicted(question, complete))

    def _finish(self, detector: TurnDetector, answer: asyncio.Future[object]) -> object:
        """Return what the worker thread returned, or None when it failed; give the detector the samples it missed."""
        self._busy.remove(detector)
        result = None
        try:
            result = answer.result()
        except Exception:  # noqa: BLE001 - as above
            self._fail(detector)
        self._catch_up()
        return result

    def _fail(self, detector: TurnDetector | None) -> None:
        if detector is self._detector:
            self._failed = True
        _log.exception("the turn detector failed; the turn ends with the speech")


def _has_failed(loaded: asyncio.Future[None]) -> bool:
    return loaded.done() and (loaded.cancelled() or loaded.exception() is not None)
