"""Effects in words, one short line each: what tests compare and people read."""

from __future__ import annotations

from collections.abc import Iterable

from micdrop_widget.protocol import encode_client_frame
from micdrop_widget.state import effects
from micdrop_widget.state.effects import Timer

WATCHDOGS = {Timer.MICROPHONE, Timer.CONNECTION, Timer.ANSWER, Timer.PLAYBACK}
"""Timers that run for as long as somebody is waited for: `World` checks that, and test_limits.py how long they run."""


def in_words(asked: Iterable[effects.Effect]) -> list[str]:
    """Return effects in words, in order, without StateChanged, and without the timers of `WATCHDOGS`."""
    return [_in_words(effect) for effect in asked if not _is_left_out(effect)]


def _is_left_out(effect: effects.Effect) -> bool:
    if isinstance(effect, effects.SetTimer | effects.CancelTimer):
        return effect.timer in WATCHDOGS
    return isinstance(effect, effects.StateChanged)


def _in_words(effect: effects.Effect) -> str:  # noqa: PLR0912 - one case an effect
    match effect:
        case effects.OpenMicrophone(request, device_id):
            return f"open microphone {request}, {device_id}"
        case effects.CloseMicrophone():
            return "close microphone"
        case effects.ResetDetection():
            return "reset detection"
        case effects.OpenConnection(connection):
            return f"open connection {connection}"
        case effects.CloseConnection():
            return "close connection"
        case effects.SendParams():
            return "send params"
        case effects.SendCommand(command):
            return f"send {encode_client_frame(command)}"
        case effects.SendAudio(pcm):
            return f"send {len(pcm)} samples"
        case effects.UseTurnDetector():
            return "use the turn detector"
        case effects.BeginTurn():
            return "begin turn"
        case effects.AddTurnAudio(pcm):
            return f"add {len(pcm)} samples to the turn"
        case effects.PredictTurn(question):
            return f"predict turn {question}"
        case effects.Play(epoch, pcm):
            return f"play {len(pcm)} samples in epoch {epoch}"
        case effects.FlushPlayer(epoch):
            return f"flush to epoch {epoch}"
        case effects.SelectSpeaker(device_id):
            return f"play on {device_id}"
        case effects.SetTimer(timer, delay_ms, jitter):
            return f"set {timer.value} {delay_ms:g} ms" + (f" less up to {jitter:.0%}" if jitter else "")
        case effects.CancelTimer(timer):
            return f"cancel {timer.value}"
        case effects.Emit(event):
            return f"emit {event}"
        case effects.Warn(text):
            return f"warn: {text}"
        case _:
            raise TypeError(f"unknown effect {effect!r}")
