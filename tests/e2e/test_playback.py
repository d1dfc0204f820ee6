"""An answer of a minute is cut off at once, although all of it is on its way through Jupyter."""

from __future__ import annotations

import inspect

from tests.e2e.calls import press, wait_for_state
from tests.e2e.opening import NotebookOpener
from tests.harness.playback import assert_silenced, tone
from tests.harness.spoken import spoken
from tests.harness.taps import Tap

CALL = f"""
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

{inspect.getsource(tone).replace("-> Pcm", "").replace(": Pcm", "")}
frames, spoke = [], []

async def greet(server_call):
    await server_call.send_audio(tone(60))

async def respond(server_call, utterance):
    await server_call.skip_answer()

server = MicdropServer(respond, greeting=greet, on_frame=lambda _, frame: frames.append(frame)).start()
call = MicdropWidget(server.url)
call.observe(lambda change: spoke.append(change.new), "isAssistantSpeaking")
call
"""


def test_the_users_sentence_silences_a_minute_that_came_in_one_burst(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([CALL], microphone=spoken("stop").path)
    notebook.run_all()
    press(notebook, "start", cell=0)
    wait_for_state(notebook, isStarted=True)
    notebook.kernel.until("'StopSpeaking' in frames", timeout=30)

    def read_tap() -> Tap:
        (tap,) = notebook.taps()
        return tap

    assert_silenced(read_tap)
    assert notebook.kernel.eval("[frame for frame in frames if isinstance(frame, str)]") == [
        "StartSpeaking",
        "StopSpeaking",
    ]
    notebook.kernel.until("len(spoke) == 2")  # handlers come a thread later
    assert notebook.kernel.eval("spoke") == [True, False]
