"""Turn detectors that say what a test wants, and note what happens to them."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np

from micdrop_widget.audio import Pcm
from micdrop_widget.turn import TurnDetector

__all__ = ["ScriptedDetector", "SlowDetector"]


class ScriptedDetector(TurnDetector):
    """Gives one answer after the other, raising those that are exceptions; complete when there are no more."""

    def __init__(self, *answers: float | bool | Exception) -> None:
        self.calls: list[str] = []
        self.turns: list[list[Pcm]] = []
        self.threads: set[threading.Thread] = set()
        self._answers: Iterable[float | bool | Exception] = iter(answers)

    @property
    def heard(self) -> list[list[int]]:
        """The samples of each turn."""
        return [np.concatenate(turn).tolist() if turn else [] for turn in self.turns]

    def load(self) -> None:
        self.calls.append("load")

    def reset(self) -> None:
        self.calls.append("reset")
        self.turns.append([])

    def push(self, pcm: Pcm) -> None:
        self.turns[-1].append(pcm)

    def predict(self) -> float | bool:
        self.calls.append("predict")
        self.threads.add(threading.current_thread())
        answer = next(iter(self._answers), True)
        if isinstance(answer, Exception):
            raise answer
        return answer


class SlowDetector(ScriptedDetector):
    """Answers only when it may."""

    def __init__(self, *answers: float | bool | Exception) -> None:
        super().__init__(*answers)
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def predict(self) -> float | bool:
        self.asked.set()
        assert self.may_answer.wait(30)
        self.may_answer.clear()
        return super().predict()
