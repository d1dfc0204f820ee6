"""The lines of `debug_log`: one for each thing a person wants to know, and none that holds samples or secrets."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest

from micdrop_widget import Device, TextMessage
from micdrop_widget.call.log import describe
from micdrop_widget.protocol import StartSpeaking
from micdrop_widget.state import MicdropState, effects

SAMPLES = np.zeros(512, np.int16)
BEFORE = MicdropState()

LINES: list[tuple[effects.Effect, str | None]] = [
    (effects.OpenMicrophone(1, None), "asks for the microphone"),
    (effects.OpenMicrophone(1, "usb"), "asks for the microphone 'usb'"),
    (effects.CloseMicrophone(), "releases the microphone"),
    (effects.SelectSpeaker("room"), "plays on 'room'"),
    (effects.OpenConnection(1), "connects"),
    (effects.SendParams(), "sends the params"),
    (effects.SendCommand(StartSpeaking()), "sends StartSpeaking"),
    (effects.PredictTurn(1), "asks the turn detector"),
    (effects.FlushPlayer(1), "silences the assistant"),
    (effects.Emit("EndCall"), "event EndCall"),
    (effects.Emit("PartialAssistantMessage", ("Hi",)), "event PartialAssistantMessage 'Hi'"),
    (effects.Warn("a strange frame"), "a strange frame"),
    (
        effects.StateChanged(dataclasses.replace(BEFORE, isMuted=True, micDeviceId="usb"), BEFORE),
        "state isMuted=True micDeviceId='usb'",
    ),
    (effects.StateChanged(dataclasses.replace(BEFORE, conversation=(TextMessage("user", "Hi"),)), BEFORE), None),
    (effects.StateChanged(dataclasses.replace(BEFORE, micDevices=(Device("usb", "Mine"),)), BEFORE), None),
    (effects.SendAudio(SAMPLES), None),
    (effects.AddTurnAudio(SAMPLES), None),
    (effects.Play(1, SAMPLES), None),
    (effects.UseTurnDetector(), None),
    (effects.BeginTurn(), None),
    (effects.ResetDetection(), None),
    (effects.CloseConnection(), None),
    (effects.SetTimer(effects.Timer.READY, 1), None),
    (effects.CancelTimer(effects.Timer.READY), None),
]


@pytest.mark.parametrize(("effect", "line"), LINES, ids=lambda value: type(value).__name__)
def test_what_an_effect_means_to_a_person(effect: effects.Effect, line: str | None) -> None:
    assert describe(effect) == line


def test_every_effect_is_decided_on() -> None:
    assert {type(effect) for effect, _ in LINES} == set(get_args(effects.Effect))
