"""The rows there are. Each is measured by a function that is imported when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

from benchmarks.figures import Figure

__all__ = ["ROWS", "Measure", "Row"]

Measure: TypeAlias = Callable[[bool], Iterable[Figure]]
"""Takes whether it has to be quick, and gives the figures of one run."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table; `module` holds its function `measure`."""

    name: str
    what: str
    module: str
    needs_browser: bool = False
    only_named: bool = False
    """It takes so long that it is measured only when it is named."""

    def measure(self, quick: bool) -> list[Figure]:
        """Measure; quick: with as few repetitions as show that it works."""
        measure: Measure = import_module(f"benchmarks.{self.module}").measure
        return list(measure(quick))


ROWS = (
    Row("silero-window", "one window of 32 ms through Silero, our code against onnxruntime alone", "silero_window"),
    Row("volume-window", "one window of 32 ms through VolumeVAD, against Silero", "volume_window"),
    Row("offline", "detect_speech over a recording of half a minute, a window of 32 ms", "offline"),
    Row("reading", "an hour of audio from a file, against soundfile alone; its peak memory", "reading"),
    Row("pictures", "recording.plot() of an hour, and turns.plot() of its turns", "pictures"),
    Row("hearing", "what each detector makes of speech, noise, and speech in noise", "hearing.row"),
    Row("smart-turn", "features of 8 s for Smart Turn, and a whole prediction", "smart_turn"),
    Row("turn-closing", "the last word of a turn -> StopSpeaking, with and without Smart Turn", "turn_closing"),
    Row("import", "import in a fresh process, against importing anywidget and numpy", "importing"),
    Row("machine-step", "one step of the call machine for one frame of speech in a live call", "machine_step"),
    Row("levels", "how loud a call is, observed or not, as a share of the call's CPU", "levels"),
    Row("measures", "the error of every latency of a turn, in calls of which everything is known", "measures.row"),
    Row("history", "what a call's recording, turns and events cost; tables and logs of many", "history"),
    Row("loopback-turn", "MicdropClient and the embedded server, without browser and pacing", "loopback_turn"),
    Row(
        "server-answer",
        "what the server adds to its parts, the offline agent's answer, echo calls a core",
        "server_answer",
    ),
    Row(
        "agent-reply", "end of speech -> the offline agent is heard, its parts, and twenty calls at once", "agent_reply"
    ),
    Row("browser-frame", "microphone frame: sent by the page -> on the loop thread", "browser.frame", True),
    Row("carriers", "the comm and the served page in turn: frame -> loop thread, and CPU", "browser.carriers", True),
    Row("answer-heard", "first audio leaves the server -> its first sample is played", "browser.answer", True),
    Row(
        "newest-sample",
        "captured by the microphone -> at the server, newest sample of a frame",
        "browser.newest_sample",
        True,
    ),
    Row(
        "reply-latency",
        "reply_latency_ms of twenty turns against the same in the page's own audio",
        "browser.reply_latency",
        True,
    ),
    Row("answer-gaps", "gaps in five minutes of answers, in bursts and paced", "browser.gaps", True),
    Row("answer-rhythms", "gaps and first sample of answers in chunks of 10 to 500 ms", "browser.rhythms", True),
    Row("barge-in", "speech of the user is confirmed -> the assistant is silent", "browser.barge_in", True),
    Row(
        "slow-line",
        "sound and silence over 1 Mbit/s and 40 ms, against the same relay without",
        "browser.slow_line",
        True,
    ),
    Row("start-ready", "click on Start -> isStarted in the kernel, permission granted", "browser.start", True),
    Row("cpu", "CPU of page and kernel in a minute of a call, volume and Silero", "browser.cpu", True),
    Row("frames-spin", "microphone frames lost in ten minutes of a Python loop", "browser.spin", True, only_named=True),
)
