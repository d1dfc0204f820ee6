"""An agent in a cell, asked aloud by a synthetic voice: what the page plays is understood again."""

from __future__ import annotations

import json
import wave
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from micdrop_widget.agents import HibariVoice, PocketsphinxEars
from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.spoken import say_at
from tests.harness.spoken import spoken as fixture
from tests.paths import NOTEBOOKS

pytest.importorskip("pocketsphinx", reason="the extra `agent` is not installed")
pytest.importorskip("hibari", reason="the extra `agent` is not installed")


@cache
def voice() -> HibariVoice:
    return HibariVoice()


def spoken(folder: Path, *script: str | float) -> Path:
    """Write a WAV of sentences, and pauses in seconds."""
    parts = [np.zeros(8_000, np.int16)]
    for each in script:
        if isinstance(each, str):
            rate, samples = voice()(each)
            parts.append(as_pcm(samples, rate))
        else:
            parts.append(np.zeros(round(16_000 * each), np.int16))
    path = folder / "questions.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.concatenate(parts).tobytes())
    return path


def played(notebook: Notebook) -> Pcm:
    """Return what the page has played, at 16 kHz."""
    (tap,) = notebook.taps()
    return as_pcm(tap.samples, tap.sample_rate)


OFFLINE = """
from micdrop_widget import MicdropServer, MicdropWidget
from micdrop_widget.agents import offline_agent
server = MicdropServer(**{**offline_agent(), "greeting": None}).start()
ended = []
call = MicdropWidget(server.url)
call.on("EndCall", lambda: (ended.append(True), call.stop(graceful=True)))
call
"""


def test_a_question_is_answered_a_timer_speaks_and_goodbye_ends_the_call(
    open_notebook: NotebookOpener, tmp_path: Path
) -> None:
    script = ("how much is seven times eight?", 4.0, "set a timer for two seconds.", 7.0, "goodbye.", 60.0)
    notebook = open_notebook([OFFLINE, "await call.start()"], microphone=spoken(tmp_path, *script))
    notebook.run_all(timeout=60)
    notebook.kernel.until("ended and not call.isStarted", timeout=90)
    said = [tuple(item) for item in notebook.kernel.eval("[[item.role, item.content] for item in call.conversation]")]
    assert said == [
        ("user", "how much is seven times eight"),
        ("assistant", "That is 56."),
        ("user", "set a timer for two seconds"),
        ("assistant", "A timer of 2 seconds is set."),
        ("assistant", "Your time is up."),
        ("user", "goodbye"),
        ("assistant", "Goodbye, my friend."),
    ]
    sounds = played(notebook)
    heard = PocketsphinxEars()(sounds)
    for words in ("that is fifty six", "time is up", "my friend"):
        assert words in heard
    notebook.kernel.eval("server.stop()")


OWN_TIMER = """
import asyncio
from micdrop_widget.agents import companion, number_in
LONG = "Your time is up. The eggs are ready to be eaten. Please take them out of the water before they are cold."
async def agent(conversation, call):
    said = conversation[-1]["content"]
    if "timer" in said:
        asyncio.get_running_loop().call_later(number_in(said), call.say, LONG)
        return "The timer is set."
    return await companion(conversation, call)
server.agent = agent
"""


def test_another_voice_is_understood_interrupts_the_timer_and_is_said_goodbye(
    open_notebook: NotebookOpener, tmp_path: Path
) -> None:
    questions = fixture("questions")
    name, timer, asks, goodbye = (questions.pcm_of(number) for number in (1, 2, 3, 4))
    # the timer is set at about 9 s, and speaks unprompted from 14 s to 22 s
    microphone = say_at(tmp_path / "flite.wav", {1: name, 7: timer, 17: asks, 24: goodbye}, then_s=60)
    notebook = open_notebook([OFFLINE, OWN_TIMER, "await call.start()"], microphone=microphone)
    notebook.run_all(timeout=60)
    notebook.kernel.until("ended and not call.isStarted", timeout=90)
    said = [tuple(item) for item in notebook.kernel.eval("[[item.role, item.content] for item in call.conversation]")]
    timer_said = [content for role, content in said if content.startswith("Your time is up.")]
    assert [item for item in said if item[1] not in timer_said] == [
        ("user", "my name is mary"),
        ("assistant", "Nice to meet you, Mary."),
        ("user", "set a timer for five seconds"),
        ("assistant", "The timer is set."),
        ("user", "what is my name"),
        ("assistant", "You are Mary."),
        ("user", "goodbye"),
        ("assistant", "Goodbye, Mary."),
    ]
    kinds = "[[turn.kind, turn.interrupted] for turn in call.turns]"
    assert notebook.kernel.eval(kinds) == [
        ["user", False],
        ["user", False],
        ["unprompted", True],
        ["user", False],
        ["user", False],
    ]
    assert notebook.kernel.eval("call.turns[-1].answer_heard_ms == call.turns[-1].answer_received_ms")
    assert notebook.kernel.eval("call.diagnose().stopped_at is None")
    heard = PocketsphinxEars()(played(notebook))
    for words in ("nice to meet you", "time is up"):
        assert words in heard
    assert heard.endswith("mary"), "the goodbye"
    assert "cold" not in heard, "what came after the interruption"
    notebook.kernel.eval("server.stop()")


def test_an_error_of_the_agent_shows_its_traceback_under_the_cell_that_set_it(
    open_notebook: NotebookOpener, tmp_path: Path
) -> None:
    cells = [
        OFFLINE,
        "def broken(conversation):\n    print('printed by the agent')\n    return 1 / 0\nserver.agent = broken",
        "await call.start()",
        "'a later cell'",
    ]
    script = ("how much is seven times eight?", 60.0)
    notebook = open_notebook(cells, microphone=spoken(tmp_path, *script))
    notebook.run_all(timeout=60)
    notebook.kernel.until("len(call.conversation) == 1 and call.isListening", timeout=60)
    under = notebook.wait_for_text(1, "printed by the agent", "return 1 / 0", "ZeroDivisionError")
    assert "ZeroDivisionError" not in notebook.text(3)
    assert "micdrop_widget/agents" not in under
    notebook.kernel.eval("[call.close(), server.stop()]")


def test_the_notebook_of_an_own_agent_runs_from_top_to_bottom(open_notebook: NotebookOpener, tmp_path: Path) -> None:
    content = json.loads((NOTEBOOKS / "03-your-own-agent.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    script = (3.0, "how much is seven times eight?", 5.0)
    notebook = open_notebook(cells, microphone=spoken(tmp_path, *script), microphone_loops=True)
    notebook.run_all(timeout=120)
    assert notebook.text(3).splitlines()[-2:] == ["user: how much is seven times eight", "assistant: That is 56."]
    told = "\n".join(notebook.text(cell) for cell in range(len(cells)))
    assert "'first_audio'" in told
    assert "'name': 'remind'" in told
    assert "Traceback" not in told
