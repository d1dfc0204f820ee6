"""A server that ends idle kernels: never one whose call is up, however quiet it is; afterwards as any other."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.e2e.calls import CALL, SERVER, press, wait_for_state
from tests.e2e.lab import Lab, start_lab
from tests.e2e.opening import NotebookOpener
from tests.harness.browsers import Browsers

IDLE_S = 1
CULLING = (
    f"--MappingKernelManager.cull_idle_timeout={IDLE_S}",
    "--MappingKernelManager.cull_interval=1",
    "--MappingKernelManager.cull_connected=True",
)


@pytest.fixture
def culling(tmp_path: Path) -> Generator[Lab]:
    running = start_lab(tmp_path, arguments=CULLING)
    yield running
    running.stop()


def test_a_kernel_is_culled_when_its_call_is_over_and_never_before(culling: Lab, browsers: Browsers) -> None:
    opener = NotebookOpener(culling, browsers)
    notebook = opener([SERVER, CALL])
    notebook.errors.allow("404", "WebSocket", "Failed to fetch", "Canceled", "disposed")
    notebook.run_all()
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    for button, state in (("mute", {"isMuted": True}), ("pause", {"isPaused": True})):
        press(notebook, button)
        wait_for_state(notebook, **state)
        notebook.page.wait_for_timeout(1000 * (IDLE_S + 2))
        assert len(culling.api("GET", "kernels")) == 1
    assert notebook.kernel.eval("[call.isStarted, call.isPaused]") == [True, True]
    press(notebook, "start")
    wait_for_state(notebook, isStarted=False)
    notebook.until(
        "() => ['dead', 'autorestarting', 'unknown', 'none'].includes(window.__notebook.kernelStatus())", timeout=20
    )
    assert culling.api("GET", "kernels") == []
    opener.close()
