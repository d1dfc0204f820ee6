"""Pages that go and come back, kernels that end, connections that break: no microphone is left on, the call goes on."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable

import pytest

from tests.e2e.calls import CALL, SERVER, press, timed_call, wait_for_state, wait_for_words
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.e2e.test_tabs import NOISE, heard
from tests.harness.spoken import spoken

GOODBYE_OF_THE_KERNEL = "Comm not found"
"""JupyterLab complains when a kernel that ends still tells its pages so: it has forgotten the comm by then."""

RELEASED = "() => window.__tracks.length > 0 && window.__tracks.every((track) => track.readyState === 'ended')"

KERNEL = """
[...window.jupyterapp.shell.widgets("main")].find((widget) => widget.content?.activeCellIndex !== undefined)
  .context.sessionContext.session.kernel
"""


def started(open_notebook: NotebookOpener, cells: tuple[str, str] = (SERVER, CALL)) -> Notebook:
    """Return a notebook with a call that is ready, saved so that the panel survives a reload."""
    notebook = open_notebook(cells, microphone=spoken("sentence").path)
    notebook.run_all()
    notebook.save()
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    return notebook


def test_a_page_that_is_reloaded_rejoins_the_same_call_by_one_click(open_notebook: NotebookOpener) -> None:
    notebook = started(open_notebook)
    notebook.reload()
    wait_for_words(notebook, "Rejoin with the microphone", "take-over")
    assert notebook.kernel.eval("[call.isStarted, call.isMicStarted]") == [True, False]
    assert notebook.tracks() == []
    said = notebook.kernel.eval("len(utterances)")
    press(notebook, "take-over")
    wait_for_state(notebook, isMicStarted=True)
    notebook.kernel.until(f"len(utterances) > {said}", timeout=20)
    assert notebook.kernel.eval("[len(server_calls), len(server.calls)]") == [1, 1]
    assert [track.ready_state for track in notebook.tracks()] == ["live"]


def test_a_call_whose_page_does_not_come_back_ends(open_notebook: NotebookOpener) -> None:
    notebook = started(open_notebook, (SERVER, timed_call(rejoin_s=1)))
    notebook.page.close()
    notebook.kernel.until("not call.isStarted and not call.isMicStarted", timeout=10)
    notebook.kernel.until("len(server.calls) == 0")


def kill(notebook: Notebook) -> None:
    """End the kernel's process at once, without a word."""
    pid = notebook.kernel.eval("__import__('os').getpid()")
    os.kill(pid, signal.SIGKILL)


def restart(notebook: Notebook) -> None:
    """Restart the kernel as another client would."""
    (session,) = [s for s in notebook.lab.api("GET", "sessions") if s["path"] == notebook.path]
    notebook.lab.api("POST", f"kernels/{session['kernel']['id']}/restart")


@pytest.mark.parametrize(
    "end",
    [kill, restart, Notebook.restart_kernel, Notebook.shut_down_kernel],
    ids=["killed", "restarted", "restarted here", "shut-down"],
)
def test_a_kernel_that_ends_releases_the_microphone_within_5_s(
    open_notebook: NotebookOpener, end: Callable[[Notebook], None]
) -> None:
    notebook = started(open_notebook)
    notebook.errors.allow(GOODBYE_OF_THE_KERNEL, "Failed to fetch", "WebSocket", "404", "Canceled", "disposed")
    end(notebook)
    notebook.until(RELEASED, timeout=5)
    assert len(notebook.tracks()) == 1


def test_a_connection_that_breaks_and_comes_back_repeats_no_audio_and_the_call_goes_on(
    open_notebook: NotebookOpener,
) -> None:
    notebook = started(open_notebook, (SERVER + NOISE, CALL))
    notebook.errors.allow("WebSocket")
    notebook.kernel.until("call.isAssistantSpeaking", timeout=20)
    press(notebook, "mute")
    wait_for_state(notebook, isMuted=True)
    notebook.page.evaluate(f"() => {{ ({KERNEL})._ws.close() }}")
    notebook.until(f"() => ({KERNEL}).connectionStatus === 'connected'", timeout=30)
    notebook.kernel.until("call.turns[0].answer_end_ms is not None", timeout=60)
    parts = heard(notebook)
    assert parts[0][0] == 0
    for before, after in itertools.pairwise(parts):
        assert after[0] >= before[1] - 320, f"heard twice: {parts}"
    assert notebook.kernel.eval("[call.isStarted, len(server_calls)]") == [True, 1]
    said = notebook.kernel.eval("call.link.messages")
    press(notebook, "mute")
    wait_for_state(notebook, isMuted=False, isMicStarted=True)
    notebook.kernel.until(f"call.link.messages not in (0, {said}) and not call.link.is_on_hold", timeout=20)


COUNT_LISTENERS = """
() => {
  window.__pageListeners = 0;
  for (const target of [window, navigator.mediaDevices]) {
    const { addEventListener } = target;
    target.addEventListener = (type, listener, options) => {
      if (["pagehide", "pageshow", "devicechange"].includes(type)) {
        window.__pageListeners++;
        options?.signal?.addEventListener("abort", () => { window.__pageListeners--; });
      }
      addEventListener.call(target, type, listener, options);
    };
  }
}
"""


def test_twelve_runs_of_the_cell_leave_one_microphone_and_nothing_that_grows(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL])
    notebook.run_cell(0)
    notebook.page.evaluate(COUNT_LISTENERS)
    for number in range(12):
        notebook.run_cell(1)
        if number % 4 == 3:
            press(notebook, "start")
            wait_for_state(notebook, isStarted=True)
    notebook.until("() => window.__tracks.filter((track) => track.readyState === 'live').length === 1")
    assert len(notebook.tracks()) == 3
    notebook.until("() => window.__taps.contexts().filter((state) => state !== 'closed').length === 1")
    notebook.until("() => window.__pageListeners === 3")
    notebook.kernel.until("len(server.calls) == 1")
    ours = "[t.name for t in __import__('threading').enumerate() if t.name.startswith('micdrop')]"
    # A thread that writes traits or runs handlers ends ten seconds after its last work.
    notebook.kernel.until(f"len({ours}) <= 3", timeout=30)
