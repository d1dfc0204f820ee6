"""A call of a JupyterLab that is reached over a slow line, as a hub is: through a relay before its server."""

from __future__ import annotations

import statistics
import time
from collections.abc import Generator
from dataclasses import replace

import pytest

from tests.e2e.lab import Lab
from tests.e2e.opening import NotebookOpener
from tests.harness.browsers import Browsers
from tests.harness.page_openers import closed_at_the_end
from tests.harness.relay import Line, Relay, relayed
from tests.harness.spoken import spoken

CALL = """
from micdrop_widget import MicdropServer, MicdropWidget

utterances = []

async def respond(server_call, utterance):
    utterances.append(len(utterance) / 16000)
    await server_call.skip_answer()

server = MicdropServer(respond).start()
call = MicdropWidget(server.url)
call
"""

MISSING = "[call.link.lost_messages, call.link.dropped_ms, call.link.stale_ms, call.link.holds]"


def wait_until_quiet(relay: Relay) -> None:
    """Wait until JupyterLab has loaded what it loads behind the page: over the slow line that would take minutes."""
    carried = -1
    while relay.carried_bytes[0] - carried > 10_000:
        carried = relay.carried_bytes[0]
        time.sleep(1)


@pytest.fixture
def relay(lab: Lab) -> Generator[Relay]:
    with relayed(int(lab.url.rpartition(":")[2])) as relay:
        yield relay


@pytest.fixture
def open_remote_notebook(lab: Lab, relay: Relay, browsers: Browsers) -> Generator[NotebookOpener]:
    """Open notebooks through the relay."""
    remote = replace(lab, page_url=f"http://127.0.0.1:{relay.port}")
    yield from closed_at_the_end(NotebookOpener(remote, browsers))


def test_at_256_kbit_a_second_upward_every_sentence_comes_live(
    open_remote_notebook: NotebookOpener, relay: Relay
) -> None:
    notebook = open_remote_notebook([CALL], microphone=spoken("sentence").path, microphone_loops=True)
    notebook.run_cell(0)
    wait_until_quiet(relay)
    relay.become(down=Line(1e6, delay_ms=40), up=Line(256e3, delay_ms=40))
    notebook.cell(0).get_by_test_id("start").click()
    notebook.kernel.until("call.link.is_companded", timeout=60, every_s=1)
    notebook.until("document.querySelector('[data-testid=note]').textContent.includes('telephone quality')")
    # A message of 128 ms takes 90 ms on this line, beside 30 of the smallest, which the lag is counted from.
    notebook.kernel.until("call.link.lag_ms < 250", timeout=30, every_s=1)
    before, missing = notebook.kernel.eval(f"[len(utterances), {MISSING}]")
    lags_ms: list[float] = []
    while notebook.kernel.eval("len(utterances)") < before + 2:
        lags_ms.append(notebook.kernel.eval("call.link.lag_ms"))
        assert len(lags_ms) < 60, "two sentences take some ten seconds"
        time.sleep(1)
    assert statistics.median(lags_ms) < 300
    assert notebook.kernel.eval(MISSING) == missing, "nothing since the line is known"
