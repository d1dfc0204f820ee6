"""The page that a kernel serves beside its notebook: the call goes on whatever the kernel's main thread does."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.other_kernels import environment_with_ipykernel_6
from tests.harness.browsers import Browsers
from tests.harness.kernel_page import KernelPage
from tests.harness.listen import align
from tests.harness.spoken import spoken
from tests.harness.taps import exactly_at
from tests.page.served import ServedPage

SETUP = """
import time
from micdrop_widget import MicdropServer, MicdropWidget

utterances = []

async def respond(server_call, utterance):
    utterances.append(utterance)
    await server_call.send_audio(utterance)

server = MicdropServer(respond).start()
call = MicdropWidget(server.url, vad="volume")
page = call.open_page()
"""

SPIN = """
began_s = time.monotonic()
while time.monotonic() < began_s + 60 and not any(turn.answer_end_ms is not None for turn in call.turns):
    sum(range(1000))
was_held_while_the_cell_ran = bool(call.turns)
"""


@pytest.fixture(params=["ipykernel 6", "ipykernel of today"])
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[KernelPage]:
    is_old = request.param == "ipykernel 6"
    kernel = KernelPage(environment_with_ipykernel_6(tmp_path / "older") if is_old else None)
    try:
        kernel.execute("import ipykernel")
        assert (
            kernel.eval("ipykernel.version_info[0]") == 6 if is_old else kernel.eval("ipykernel.version_info[0]") >= 7
        )
        yield kernel
    finally:
        kernel.close()


def test_a_whole_call_is_held_while_a_cell_spins_in_python(kernel: KernelPage, browsers: Browsers) -> None:
    kernel.execute(SETUP)
    url = kernel.eval("page.url")
    context = browsers.context(microphone=spoken("sentence").path, bypass_csp=True)
    context.add_init_script("window.__tapMicrophone = true")
    try:
        page = ServedPage(context, url)
        page.wait_for_text("Not started")
        cell = kernel.begin(SPIN)
        page.press("start")
        assert kernel.reply_to(cell, 90)["status"] == "ok"
        assert kernel.eval("was_held_while_the_cell_ran")
        utterance = np.array(kernel.eval("utterances[0].tolist()"), dtype=np.int16)
        (tap,) = page.taps()
        exactly_at(tap, utterance)
        captured = page.captured()
        begin = align(utterance, captured).lag
        np.testing.assert_array_equal(captured[begin : begin + len(utterance)], utterance)
        assert kernel.eval("[call.link.lost_messages, call.link.dropped_ms]") == [0, 0]
        assert page.errors.unexpected() == []
    finally:
        context.close()
