"""Every block of the README, pasted into the cells of one notebook and run in order, with a voice at the microphone."""

from __future__ import annotations

import re

from tests.e2e.opening import NotebookOpener
from tests.harness.spoken import spoken
from tests.paths import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)


def test_every_block_of_the_readme_runs_as_pasted(open_notebook: NotebookOpener) -> None:
    assert len(BLOCKS) >= 6
    notebook = open_notebook(BLOCKS, microphone=spoken("two_sentences").path, microphone_loops=True)
    notebook.run_all(timeout=120)
    assert "<Turns: " in notebook.text(1), "the turns show themselves as a table"
    assert "TextMessage" in notebook.text(2), "the client's messages are printed"
    assert notebook.kernel.eval("len(call.turns)") >= 1
    notebook.kernel.eval("[call.close(), server.stop(), backwards.stop()]")
