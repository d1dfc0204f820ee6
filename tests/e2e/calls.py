"""Notebook cells that the call tests share: a server that keeps what it received, and a widget that is watched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.e2e.notebook import Notebook

SERVER = """
from micdrop_widget import MicdropServer, MicdropWidget
from micdrop_widget.server import echo

frames, utterances, server_calls = [], [], []

def note(call, frame):
    frames.append(frame if isinstance(frame, str) else len(frame))
    if call not in server_calls:
        server_calls.append(call)

async def respond(call, utterance):
    utterances.append(utterance)
    await echo(call, utterance)

server = MicdropServer(respond, on_frame=note).start()
"""

CALL = """
became_true = []
call = MicdropWidget(server.url)
flags = [name for name in call.trait_names() if name.startswith("is")]
call.observe(lambda change: became_true.append(change.name) if change.new else None, flags)
call
"""


def timed_call(**timing: float) -> str:
    """Return a cell as `CALL`, whose widget waits for its page as long as a `Timing` with these values says."""
    values = ", ".join(f"{name}={value}" for name, value in timing.items())
    widget = f"""
from micdrop_widget.browser import Timing

class TimedWidget(MicdropWidget):
    _timing = Timing({values})
"""
    return widget + CALL.replace("MicdropWidget(", "TimedWidget(")


PROCESSING_OFF = """
() => {
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = ({ audio, ...rest }) =>
    getUserMedia({ audio: { ...audio, noiseSuppression: false, autoGainControl: false }, ...rest });
}
"""
"""Makes the way from the WAV to the page linear, so that samples can be compared; echo cancellation stays on."""


def press(notebook: Notebook, button: str, cell: int = 1) -> None:
    """Press a button of the panel under a cell."""
    notebook.cell(cell).get_by_test_id(button).click()


def panel_text(notebook: Notebook, part: str, cell: int = 1) -> str:
    """Return what a part of the panel says."""
    return notebook.cell(cell).get_by_test_id(part).inner_text()


def wait_for_words(notebook: Notebook, words: str, part: str = "state", cell: int = 1) -> None:
    """Wait until a part of the panel says this: it follows the traits a moment later."""
    notebook.cell(cell).get_by_test_id(part).filter(has_text=words).wait_for()


def utterances(notebook: Notebook) -> list[NDArray[np.int16]]:
    """Return what the server received, int16 at 16 kHz."""
    return [np.array(pcm, dtype=np.int16) for pcm in notebook.kernel.eval("[u.tolist() for u in utterances]")]


def wait_for_turns(notebook: Notebook, count: int, timeout: float = 40) -> None:
    """Wait until as many answers have been heard to the end."""
    notebook.kernel.until(f"sum(t.answer_end_ms is not None for t in call.turns) >= {count}", timeout=timeout)


def wait_for_state(notebook: Notebook, timeout: float = 15, **state: Any) -> None:
    """Wait until traits of the call have these values, in the kernel."""
    for name, value in state.items():
        notebook.kernel.until(f"call.{name} == {value!r}", timeout=timeout)
