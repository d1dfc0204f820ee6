"""Several detectors as one, by Micdrop's newer rule; and detectors by name."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.vad.base import VAD, Status
from micdrop_widget.vad.score_gate import ScoreGate
from micdrop_widget.vad.silero import SileroVAD
from micdrop_widget.vad.volume import VolumeVAD

__all__ = ["CombinedVAD", "VadName", "VadOption", "build_vad", "detectors"]

VadName: TypeAlias = Literal["silero", "volume"]

VadOption: TypeAlias = VadName | VAD | Sequence[VadName | VAD]
"""A detector by name, a detector, or a list of both."""

_BY_NAME: dict[str, type[VolumeVAD] | type[SileroVAD]] = {"volume": VolumeVAD, "silero": SileroVAD}


class CombinedVAD(VAD):
    """Several detectors as one.

    It may be speech when any member detects something; it is confirmed when every member detects something and one
    of them is sure; it is over when all are silent. (The older rule, all sure, drops short words.) A copy, by `copy`
    or `pickle`, has copies of the members.

    Parameters
    ----------
    members
        At least one detector.
    """

    def __init__(self, members: Iterable[VAD]) -> None:
        self.members = tuple(members)
        if not self.members:
            raise ValueError("CombinedVAD: expected at least one VAD")
        self._score_gates = [ScoreGate(member) for member in self.members]
        self.status = Status.SILENCE
        self._show_members()

    def __repr__(self) -> str:
        return f"CombinedVAD({list(self.members)!r})"

    def __getstate__(self) -> dict[str, Any]:
        members = tuple(copy.copy(member) for member in self.members)
        return {**self.__dict__, "members": members, "_score_gates": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._score_gates = [ScoreGate(member) for member in self.members]
        self.status = Status.SILENCE
        self._show_members()

    def load(self) -> None:
        """Load every member."""
        for member in self.members:
            member.load()

    def reset(self) -> None:
        """Reset every member."""
        self.status = Status.SILENCE
        for score_gate in self._score_gates:
            score_gate.reset()
        self._show_members()

    def update(self, window: NDArray[np.float32]) -> Status:
        """Give the window to every member and combine their statuses."""
        statuses = [score_gate.update(window) for score_gate in self._score_gates]
        self._show_members()
        if max(statuses) is Status.SILENCE:
            self.status = Status.SILENCE
        elif min(statuses) > Status.SILENCE and max(statuses) is Status.SPEAKING:
            self.status = Status.SPEAKING
        else:
            self.status = max(self.status, Status.MAYBE_SPEAKING)
        return self.status

    def _show_members(self) -> None:
        """Show the longest pre-roll of the members, and the first probability and level that one of them knows."""
        self.pre_roll_ms = max(member.pre_roll_ms for member in self.members)
        self.probability = _first(member.probability for member in self.members)
        self.level_db = _first(member.level_db for member in self.members)


def _first(values: Iterable[float]) -> float:
    return next((value for value in values if not math.isnan(value)), math.nan)


def detectors(vad: VAD) -> Iterator[VAD]:
    """Yield the detectors that a detector is made of: the members of a combination, or itself."""
    if isinstance(vad, CombinedVAD):
        for member in vad.members:
            yield from detectors(member)
    else:
        yield vad


def build_vad(option: VadOption) -> VAD:
    """Return the detector that an option names.

    Raises
    ------
    ValueError
        An unknown name, or an empty list.
    TypeError
        Neither a name nor a `VAD`.
    """
    match option:
        case VAD():
            return option
        case str():
            if option not in _BY_NAME:
                raise ValueError(f"unknown vad {option!r}: expected 'volume', 'silero', or a VAD instance")
            return _BY_NAME[option]()
        case [] | ():
            raise ValueError("vad: expected 'volume', 'silero', a VAD instance or a list of them, got an empty list")
        case list() | tuple():
            members = [build_vad(member) for member in option]
            return members[0] if len(members) == 1 else CombinedVAD(members)
        case _:
            got = f"the class: {option.__name__}()" if isinstance(option, type) else type(option).__name__
            raise TypeError(f"vad: expected 'volume', 'silero', a VAD instance or a list of them, got {got}")
