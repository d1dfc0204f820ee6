"""The quickstart's cells in any order, each twice, where no browser is: what fails says so in a `MicdropError`."""

from __future__ import annotations

import json
from typing import Any

import nbformat
from nbclient import NotebookClient

from tests.harness.notebooks import HURRY, code_of, shuffled

CELLS = code_of("01-quickstart.ipynb")


def test_the_quickstarts_cells_run_twice_in_any_order() -> None:
    order = [*range(len(CELLS)), *shuffled(len(CELLS), times=2, seed=1)]
    sources = [HURRY, *(CELLS[index] for index in order)]
    code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**code, "id": f"cell-{number}", "source": source} for number, source in enumerate(sources)]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook = nbformat.reads(json.dumps(content), as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, kernel_name="python3", timeout=60, allow_errors=True).execute()
    failures = {
        (source, output["ename"], output["evalue"])
        for source, cell in zip(sources, notebook.cells, strict=True)
        for output in cell.outputs
        if output["output_type"] == "error"
    }
    assert {(source, kind) for source, kind, _ in failures} == {("await call.start()", "MicdropError")}
    (words,) = {words for _, _, words in failures}
    assert words.startswith("Mic: No browser shows the call's panel, which would open the microphone.")
