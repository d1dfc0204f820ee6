"""What a call has recorded of an answer, against what the server sent and the page played."""

from __future__ import annotations

import numpy as np
import pytest

from tests.e2e.calls import press
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener

_CALL = """
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

sent = np.random.default_rng(0).integers(1, 8000, {seconds} * 16000).astype(np.int16)

async def greet(server_call):
    await server_call.send_audio(sent)

server = MicdropServer(greeting=greet).start()
call = MicdropWidget(server.url, disable_interruption={is_deaf})
call
"""
"""An answer in which every sample would be missed: none is silent."""

_AS_SENT = "np.array_equal(np.trim_zeros(call.recording.assistant), sent)"
_RECORDED_S = "len(np.trim_zeros(call.recording.assistant)) / 16000"

_SLACK_S = 0.1
"""Between a report of the page and what was heard when the answer was cut off, and what the browser's output holds."""


@pytest.mark.parametrize("is_deaf", [False, True], ids=["listening", "not listening"])
def test_an_answer_is_recorded_whole(open_notebook: NotebookOpener, is_deaf: bool) -> None:
    notebook = _start(open_notebook, seconds=5, is_deaf=is_deaf)
    notebook.kernel.until("call.isAssistantSpeaking")
    notebook.kernel.until("not call.isAssistantSpeaking", timeout=20)
    assert notebook.kernel.eval(_AS_SENT)


@pytest.mark.parametrize("is_deaf", [False, True], ids=["listening", "not listening"])
def test_an_answer_that_is_cut_off_is_recorded_as_far_as_it_was_played(
    open_notebook: NotebookOpener, is_deaf: bool
) -> None:
    notebook = _start(open_notebook, seconds=20, is_deaf=is_deaf)
    notebook.kernel.until("call.recording is not None and len(call.recording.assistant) > 3 * 16000", timeout=20)
    notebook.kernel.execute("call.pause()")
    notebook.kernel.until("not call.isAssistantSpeaking")
    (tap,) = notebook.taps()
    played_s = np.count_nonzero(tap.samples) / tap.sample_rate
    assert 2 < played_s < 19
    assert abs(notebook.kernel.eval(_RECORDED_S) - played_s) < _SLACK_S


def _start(open_notebook: NotebookOpener, *, seconds: int, is_deaf: bool) -> Notebook:
    notebook = open_notebook([_CALL.format(seconds=seconds, is_deaf=is_deaf)])
    notebook.run_cell(0)
    press(notebook, "start", cell=0)
    return notebook
