"""Whole calls in marimo: in its own panel, and in the page beside it. `scripts/compat marimo` installs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.browsers import Browsers
from tests.harness.servers import closed_port
from tests.harness.spoken import spoken
from tests.page.calls import wait_until
from tests.page.served import ServedPage

pytest.importorskip("marimo", reason="marimo is not installed: run scripts/compat marimo")

NOTEBOOK = """
import marimo

app = marimo.App()


@app.cell
def _():
    from pathlib import Path

    from micdrop_widget import MicdropServer, MicdropWidget

    server = MicdropServer().start()
    call = MicdropWidget(server.url, vad="volume")
    Path("address").write_text(call.open_page().url)
    call
    return call, server


if __name__ == "__main__":
    app.run()
"""


def test_a_call_is_held_in_marimo_and_then_in_the_page_beside_it(browsers: Browsers, tmp_path: Path) -> None:
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    port = closed_port()
    command = [sys.executable, "-m", "marimo", "run", "notebook.py", "--headless", "--no-token", "--port", str(port)]
    context = browsers.context(microphone=spoken("sentence").path, bypass_csp=True)
    with (tmp_path / "said").open("w") as said:
        marimo = subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "URL" in (tmp_path / "said").read_text(), timeout=60)
        panel = ServedPage(context, f"http://127.0.0.1:{port}")
        panel.part("start").wait_for(timeout=60_000)
        panel.press("start")
        panel.wait_for_text("(the same", "conversation")
        panel.press("start")
        panel.wait_for_live_tracks(0)
        page = ServedPage(context, (tmp_path / "address").read_text())
        page.press("start")
        page.wait_for_live_tracks(1)
        page.wait_for_text("Listening")
        page.until(
            "() => document.querySelector('[data-testid=conversation]').innerText.split('(the same').length === 2"
        )
        assert page.errors.unexpected() == []
        assert not re.search("Traceback|unlike expected", (tmp_path / "said").read_text())
    finally:
        marimo.kill()
        marimo.wait()
        context.close()
