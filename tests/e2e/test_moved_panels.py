"""A panel scrolled away, moved, shown twice, cut and pasted, in a JupyterLab that draws only the cells in sight."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.calls import CALL, SERVER, panel_text, press, wait_for_state, wait_for_turns, wait_for_words
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.spoken import say_at, spoken

OUTPUT = """
import ipywidgets

out = ipywidgets.Output()

@out.capture()
def note(change):
    print(change.name, change.new)

call.observe(note, ["isStarted", "isUserSpeaking"])
out
"""

LONG = "print('line\\n' * 60)"

IN_SIGHT = "() => document.querySelector('.micdrop')?.checkVisibility({ contentVisibilityAuto: true }) === true"
ROWS = "() => document.querySelectorAll('.micdrop-utterance').length"
PANELS = "n => document.querySelectorAll('.micdrop').length === n"


def test_a_call_goes_on_wherever_its_panel_is_and_says_when_it_ended_with_it(
    open_notebook: NotebookOpener, tmp_path: Path
) -> None:
    microphone = say_at(tmp_path / "microphone.wav", {0.5: spoken("stop").pcm_of(0)}, then_s=2.5)
    cells = [SERVER, CALL, OUTPUT, *[LONG] * 6]
    notebook = open_notebook(cells, microphone=microphone, microphone_loops=True, windowing="full")
    notebook.run_all()
    notebook.scroll_to(1)
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)

    notebook.scroll_to(8)
    notebook.until(f"() => !({IN_SIGHT})()")
    wait_for_turns(notebook, 2)
    notebook.scroll_to(1)
    notebook.until(IN_SIGHT)
    press(notebook, "mute")
    wait_for_words(notebook, "Muted")
    said = notebook.kernel.eval("len(call.conversation)")
    assert said >= 4
    assert notebook.page.evaluate(ROWS) == said, "nothing is missing"
    assert_live(notebook)

    for command in ["notebook:move-cell-down"] * 5 + ["notebook:move-cell-up"] * 5:
        notebook.command(command)
    notebook.command("notebook:create-output-view")
    notebook.until(PANELS, 2)
    notebook.close_output_view()
    notebook.until(PANELS, 1)
    press(notebook, "mute")
    wait_for_turns(notebook, 3)
    assert_live(notebook)
    printed = notebook.kernel.eval("''.join(output['text'] for output in out.outputs)")
    assert printed.startswith("isStarted True\nisUserSpeaking True\nisUserSpeaking False\nisUserSpeaking True\n")

    notebook.scroll_to(1)
    notebook.command("notebook:cut-cell")
    wait_for_state(notebook, isStarted=False)
    notebook.command("notebook:paste-cell-below")
    wait_for_words(notebook, "The call ended because its panel was removed from the page.", "note", cell=2)
    assert panel_text(notebook, "start", cell=2) == "Start again"
    press(notebook, "start", cell=2)
    wait_for_state(notebook, isStarted=True)


def assert_live(notebook: Notebook) -> None:
    assert [track.ready_state for track in notebook.tracks()] == ["live"]
    assert notebook.kernel.eval("[call.isStarted, call.error, len(server.calls)]") == [True, None, 1]
