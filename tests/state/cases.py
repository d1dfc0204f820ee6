"""One case and more for every row of the call machine's table, in every phase the row names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.state import Call, Phase, Settings, inputs
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.machine import Row
from micdrop_widget.state.snapshot import Command, MicPhase
from tests.state.wording import WATCHDOGS

IDLE, OPENING, CONNECTING, GREETING, LIVE, RETRYING, ENDING = Phase
ANY = tuple(Phase)
CONNECTED = (CONNECTING, GREETING, LIVE)

SETTINGS = Settings(has_url=True, has_params=True, reconnect=Reconnect(max_attempts=2))
PCM = np.arange(512, dtype=np.int16)


def error(code: MicdropErrorCode = MicdropErrorCode.Mic) -> MicdropError:
    return MicdropError(code, "It broke.", "Mend it.")


def name_of(row: Row) -> str:
    """Return what a row is called in the cases: input, condition, action."""
    condition = "" if row.when is None else f" if {row.when.__name__}"
    return f"{row.on.__name__}{condition}: {row.action.__name__}"


def call_in(phase: Phase, **facts: Any) -> Call:
    """Return a call as it usually is in a phase, with some facts of its own."""
    usual: dict[str, Any] = {"settings": SETTINGS, "phase": phase, "mic_request": 1}
    if phase is not IDLE and phase is not ENDING:
        usual["mic"] = MicPhase.OPENING if phase is OPENING else MicPhase.OPEN
    if phase in (OPENING, CONNECTING, GREETING, ENDING):
        usual["processing"] = True
    if phase not in (IDLE, OPENING):
        usual["connection"] = 1
    if phase in (LIVE, RETRYING, ENDING):
        usual["was_ready"] = True
    if phase is RETRYING:
        usual["attempt"] = 1
    return Call(**{**usual, **facts})


@dataclass(frozen=True)
class Case:
    """In these phases, with these facts, the row asks for these effects and changes these facts."""

    row: str
    phases: Sequence[Phase]
    on: inputs.Input
    asks: Sequence[str] = ()
    then: dict[str, Any] = field(default_factory=dict)
    """The facts that change; the phase is that of the row."""
    given: dict[str, Any] = field(default_factory=dict)
    error: MicdropErrorCode | None = None
    """The code of the error that is reported."""

    def before(self, phase: Phase) -> Call:
        return call_in(phase, **self.given)

    def after(self, phase: Phase, row: Row) -> Call:
        return replace(self.before(phase), **{"phase": row.to or phase, **self.then})


NOISE_OFF = ("cancel answer gap", "cancel echo tail")
END = ("close connection", *NOISE_OFF, *(f"cancel {timer.value}" for timer in Timer if timer not in WATCHDOGS))
ENDED = {"was_ready": False, "attempt": 0, "processing": False, "user_speaking": False}
ENDED_2 = {**ENDED, "connection": 2}
WITH_MIC = {**ENDED, "connection": 2, "mic": MicPhase.CLOSED, "mic_request": 2}
BEGUN = {"processing": True, "conversation": (), "error": None}

OPEN: dict[str, Any] = {"mic": MicPhase.OPEN}
KEPT: tuple[Command | Pcm, ...] = (wire.StartSpeaking(), PCM)
OUTBOX: dict[str, Any] = {"outbox": KEPT, "user_speaking": True, "processing": False}
"""The user began to speak before the server was ready."""
