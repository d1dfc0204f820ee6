"""Draws the pictures of docs/pictures anew, from a synthetic call: `python docs/pictures.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.analysis import plot_latencies
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.tracks import FixedTracks
from micdrop_widget.history.turns import Turn, Turns

FOLDER = Path(__file__).parent / "pictures"

RATE = 16_000
_FLAGS = ("isStarted", "isUserSpeaking", "isAssistantSpeaking", "isProcessing", "isMuted", "isPaused", "isReconnecting")


class SyntheticCall:
    """A call that never was: voices are noise with syllables, times are drawn by chance that is always the same.

    Parameters
    ----------
    turns
        How many there are.
    seed
        Which call.
    endpointing_ms, server_ms
        What is waited for silence, and how long the server takes, in the median.
    pause_s
        How long nobody speaks between two turns, in the median.
    """

    def __init__(
        self, turns: int, *, seed: int = 1, endpointing_ms: float = 480, server_ms: float = 260, pause_s: float = 1.2
    ) -> None:
        self._chance = np.random.default_rng(seed)
        self._endpointing_ms, self._server_ms, self._pause_s = endpointing_ms, server_ms, pause_s
        self._voiced: list[tuple[int, float, float]] = []
        self._changes: list[tuple[float, dict[str, bool]]] = [
            (0.0, {"isStarting": True}),
            (700.0, {"isStarting": False, "isStarted": True}),
        ]
        self.turns: list[Turn] = []
        self._now_ms = 700.0
        self._greet()
        for _ in range(turns):
            self._hold_turn()
        self._end_ms = self._now_ms + 900

    def recording(self) -> Recording:
        """Return what the call sounded like, with all that is known of it."""
        samples = np.zeros((round(self._end_ms * 16), 2), np.int16)
        samples[:, 0] = self._chance.normal(0, 25, len(samples))
        for side, begin_ms, end_ms in self._voiced:
            begin, end = round(begin_ms * 16), min(round(end_ms * 16), len(samples))
            samples[begin:end, side] = self._voice(end - begin)
        tracks = FixedTracks(samples)
        for window in range(len(samples) // 512):
            at_ms = window * 32
            speaks = any(side == 0 and begin < at_ms < end for side, begin, end in self._voiced)
            tracks.speech.set(window * 512, self._chance.beta(14, 1.2) if speaks else self._chance.beta(1, 25))
        return Recording(None, tracks, self._events(), lambda: Turns(self.turns))

    def mute(self, begin_ms: float, end_ms: float, field: str = "isMuted") -> None:
        """Let a state hold from one time to another."""
        self._changes += [(begin_ms, {field: True}), (end_ms, {field: False})]

    def _greet(self) -> None:
        first = self._now_ms + 180
        end = first + 1500
        self._voiced.append((1, first + 60, end))
        self._say(first, end)
        self.turns.append(
            Turn(kind="greeting", first_audio_ms=first - 80, heard_ms=first, voiced_ms=first + 60, answer_end_ms=end)
        )
        self._now_ms = end

    def _hold_turn(self) -> None:
        begin = self._now_ms + self._about(self._pause_s * 1000)
        end = begin + self._about(1700)
        stopped = end + self._about(self._endpointing_ms, 0.12)
        first_audio = stopped + self._about(self._server_ms, 0.35)
        heard = first_audio + self._about(65, 0.2)
        voiced = heard + self._about(45, 0.5)
        over = voiced + self._about(2400)
        self._voiced += [(0, begin, end), (1, voiced, over)]
        self._changes += [
            (begin + 190, {"isUserSpeaking": True}),
            (stopped, {"isUserSpeaking": False, "isProcessing": True}),
            (heard, {"isProcessing": False}),
        ]
        self._say(heard, over)
        self.turns.append(
            Turn(
                speech_start_ms=begin,
                confirmed_ms=begin + 190,
                speech_end_ms=end,
                stopped_ms=stopped,
                first_audio_ms=first_audio,
                heard_ms=heard,
                voiced_ms=voiced,
                answer_end_ms=over,
            )
        )
        self._now_ms = over

    def _say(self, begin_ms: float, end_ms: float) -> None:
        self._changes += [(begin_ms, {"isAssistantSpeaking": True}), (end_ms + 60, {"isAssistantSpeaking": False})]

    def _about(self, median: float, spread: float = 0.3) -> float:
        return round(float(median * np.exp(self._chance.normal(0, spread))) * 16) / 16

    def _voice(self, samples: int) -> NDArray[np.int16]:
        times_s = np.arange(samples) / RATE
        rate_hz = self._chance.uniform(3.2, 4.6)
        syllables = np.abs(np.sin(np.pi * rate_hz * times_s + self._chance.uniform(0, 3))) ** 1.5
        words = 0.55 + 0.45 * np.sin(2 * np.pi * 0.9 * times_s + self._chance.uniform(0, 6))
        noise = self._chance.normal(0, 3200, samples)
        voice: NDArray[np.int16] = (noise * syllables * words).astype(np.int16)
        return voice

    def _events(self) -> EventLog:
        events = EventLog()
        events.add(0.0, 0, "Start", dict.fromkeys(_FLAGS, False))
        for time_ms, change in sorted(self._changes, key=lambda change: change[0]):
            events.add(time_ms, round(time_ms * 16), "StateChange", change)
        return events


def main() -> None:
    """Draw them all."""
    FOLDER.mkdir(exist_ok=True)
    call = SyntheticCall(6)
    call.mute(14_000, 15_500)
    recording = call.recording()
    recording.plot().savefig(FOLDER / "recording.png", dpi=110)
    recording.plot(theme="dark").savefig(FOLDER / "recording-dark.png", dpi=110)
    recording.plot(turn=2).savefig(FOLDER / "one-turn.png", dpi=110)
    SyntheticCall(40).recording().turns.plot().savefig(FOLDER / "turns.png", dpi=110)
    calls = {
        "silence of 700 ms": SyntheticCall(40, seed=2, endpointing_ms=720).turns,
        "silence of 300 ms": SyntheticCall(40, seed=3, endpointing_ms=330).turns,
        "SmartTurn": SyntheticCall(40, seed=4, endpointing_ms=230).turns,
    }
    plot_latencies(calls).savefig(FOLDER / "latencies.png", dpi=110)


def try_out(folder: Path) -> None:
    """Draw what is not kept, to be looked at: other colours, one turn, 200 turns, an hour."""
    for theme in ("light", "dark", "print"):
        call = SyntheticCall(6)
        call.mute(14_000, 15_500)
        call.mute(30_000, 31_500, "isPaused")
        call.mute(20_000, 22_500, "isReconnecting")
        call.recording().plot(theme=theme).savefig(folder / f"recording-{theme}.png")
        calls = {f"call {seed}": SyntheticCall(10 * seed, seed=seed).turns for seed in (1, 3)}
        plot_latencies({**calls, "none": []}, theme=theme).savefig(folder / f"latencies-{theme}.png")
        for count in (0, 1, 6, 40, 200):
            turns = Turns([*SyntheticCall(count).turns, *([Turn(stopped_ms=1.0)] if count == 6 else [])])
            turns.plot(theme=theme).savefig(folder / f"turns-{count}-{theme}.png")
    hour = SyntheticCall(430).recording()
    hour.plot().savefig(folder / "hour.png")
    hour.plot(start_s=600, end_s=1200, theme="print").savefig(folder / "ten-minutes.png")


if __name__ == "__main__":
    main()
