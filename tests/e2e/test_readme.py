"""Every block of README and reference, pasted into one notebook and run in order, with a voice at the microphone."""

from __future__ import annotations

import re

from tests.e2e.opening import NotebookOpener
from tests.harness.spoken import spoken
from tests.paths import ROOT

PAGES = (ROOT / "README.md", ROOT / "docs" / "reference.md")
BLOCKS = [block for page in PAGES for block in re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)]


def test_every_block_of_the_readme_runs_as_pasted(open_notebook: NotebookOpener) -> None:
    assert len(BLOCKS) >= 6
    notebook = open_notebook(BLOCKS, microphone=spoken("two_sentences").path, microphone_loops=True)
    notebook.run_all(timeout=120)
    assert "<Turns: " in notebook.text(1), "the turns show themselves as a table"
    (program,) = (index for index, block in enumerate(BLOCKS) if "MicdropClient(" in block)
    assert "TextMessage" in notebook.text(program), "the client's messages are printed"
    assert notebook.kernel.eval("len(call.turns)") >= 1
    notebook.kernel.eval("[call.close(), server.stop(), backwards.stop()]")
