"""What is changed in the ipykernel that is installed: it is changed, does what it is for, and is taken back.

A real kernel, real messages with a signature, and no browser. `scripts/compat` runs this against other versions.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from micdrop_widget.audio_input import as_pcm
from tests.harness.kernel_page import KernelPage
from tests.paths import FIXTURES

SETUP = """
from micdrop_widget import MicdropServer, MicdropWidget

kernel = get_ipython().kernel
thread = getattr(kernel, "shell_channel_thread", None)
cells = []
get_ipython().events.register("pre_run_cell", lambda info: cells.append("run"))
get_ipython().events.register("pre_execute", lambda: cells.append("execute"))

def changes():
    '''What is changed in the kernel, or could be.'''
    replaced = {name for name in ("should_handle", "_publish_status") if name in vars(kernel)}
    if thread is not None and kernel.shell_stream._recv_callback != kernel.shell_channel_thread_main:
        replaced.add("shell_stream")
    return sorted(replaced)

server = MicdropServer().start()
"""
MAKE = """
call = MicdropWidget(server.url)
received = []
call.on_msg(lambda widget, content, buffers: received.append(content["type"]))
"""


def open_page(monkeypatch: pytest.MonkeyPatch, scratch: Path, *, is_plain: bool) -> KernelPage:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(scratch))
    monkeypatch.setenv("IPYTHONDIR", str(scratch))
    monkeypatch.setenv("MICDROP_WIDGET_PLAIN_COMM", str(int(is_plain)))
    page = KernelPage()
    page.execute(SETUP)
    return page


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[KernelPage]:
    page = open_page(monkeypatch, tmp_path, is_plain=False)
    yield page
    page.close()


@pytest.fixture
def plain_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[KernelPage]:
    """Give a page whose kernel is left as it is."""
    page = open_page(monkeypatch, tmp_path, is_plain=True)
    yield page
    page.close()


def has_receiving_thread(page: KernelPage) -> bool:
    """Return whether the kernel receives messages on a thread of its own, as ipykernel 7 does."""
    return bool(page.eval("thread is not None"))


def test_everything_is_changed_with_the_widget_and_taken_back_with_it(page: KernelPage) -> None:
    assert page.eval("changes()") == []
    page.execute(MAKE)
    expected = ["_publish_status", "shell_stream", "should_handle"]
    if not has_receiving_thread(page):
        expected.remove("shell_stream")
    assert page.eval("changes()") == expected
    assert page.eval("call._installation.receives_while_busy") is has_receiving_thread(page)
    page.execute("call.close()")
    assert page.eval("changes()") == []
    page.execute(MAKE)
    assert page.eval("changes()") == expected, "and all over again"


def test_the_kernel_does_not_treat_a_message_of_ours_as_a_cell(page: KernelPage) -> None:
    page.execute(MAKE)
    page.show()
    page.until(lambda: page.eval("'hello' in received"))
    page.execute("cells.clear()")
    sent = [page.send({"type": "alive", "request": 0}) for _ in range(10)]
    page.until(lambda: page.eval("received.count('alive') == 10"))
    busy = {msg_id for status, msg_id in page.statuses if status == "busy"}
    assert busy & {*sent} == set()
    page.execute("call._installation.publish_idle()")
    page.until(lambda: {msg_id for status, msg_id in page.statuses if status == "idle"} >= {*sent})
    assert page.eval("cells.count('execute') - cells.count('run')") == 0


def test_a_message_is_received_while_a_cell_runs_where_the_kernel_has_a_thread_for_it(page: KernelPage) -> None:
    if not has_receiving_thread(page):
        pytest.skip("this ipykernel receives messages between cells only")
    page.execute(MAKE)
    page.execute("import threading\nmuted = threading.Event()\ncall.on('StateChange', lambda now, _: muted.set())")
    page.show()
    waiting = page.begin("heard = muted.wait(60)")
    page.until(lambda: ("busy", waiting) in page.statuses)
    page.press("mute")
    page.reply_to(waiting)
    assert page.eval("heard and call.isMuted") is True


WAIT = """
call._wait_guard._limit_s = 2
try:
    await call.until(isMuted=True)
    outcome = "muted"
except TimeoutError as error:
    outcome = str(error)
"""


def test_a_cell_waits_for_the_browser_for_as_long_its_messages_arrive_and_not_for_ever(page: KernelPage) -> None:
    page.execute(MAKE)
    page.show()
    page.until(lambda: page.eval("'hello' in received"))
    waiting = page.begin(WAIT)
    page.until(lambda: ("busy", waiting) in page.statuses)
    page.press("mute")
    page.reply_to(waiting)
    outcome = page.eval("outcome")
    if has_receiving_thread(page):
        assert outcome == "muted"
    else:
        assert outcome.startswith("no message of the browser arrived for 2 s")
        page.until(lambda: page.eval("call.isMuted"))


def make_a_call(page: KernelPage) -> None:
    """Make a call in which one sentence is said and comes back."""
    sentence = as_pcm(FIXTURES / "sentence.wav")
    page.execute(MAKE)
    page.show()
    page.press("start")
    page.until(lambda: page.traits["isListening"])
    page.speak(sentence)
    page.until(lambda: page.eval("len(call.turns) == 1 and call.turns[0].answer_end_ms is not None"))
    start, end = page.eval("[call.turns[0].start_sample, call.turns[0].end_sample]")
    assert np.array_equal(np.concatenate(page.played), sentence[start:end])
    page.press("stop")
    page.until(lambda: not page.traits["isStarted"])
    page.until(lambda: "close_mic" in [message["type"] for message in page.messages])
    page.execute("call.close()\nserver.stop()")


def test_a_whole_call(page: KernelPage) -> None:
    make_a_call(page)


def test_a_whole_call_in_a_kernel_that_is_left_as_it_is(plain_page: KernelPage) -> None:
    make_a_call(plain_page)
    assert plain_page.eval("changes()") == []
    busy = [msg_id for status, msg_id in plain_page.statuses if status == "busy"]
    assert len(busy) > 30, "the kernel is busy for each frame of the microphone"
