"""The pages that are made from the code are up to date, and say what the code says."""

from __future__ import annotations

import importlib.util
import inspect
import re
import shutil
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from PIL import Image

from micdrop_widget import (
    CallOptions,
    MicdropClient,
    MicdropErrorCode,
    MicdropState,
    MicdropWidget,
    Reconnect,
    testing,
)
from micdrop_widget.browser import LinkReport
from micdrop_widget.call.events import VAD_EVENTS
from micdrop_widget.history import step_events
from micdrop_widget.protocol import EventName
from micdrop_widget.state.machine import TABLE
from micdrop_widget.state.snapshot import Phase
from micdrop_widget.testing import FaultyCall, FaultyServer, ScriptedMicrophone
from tests.paths import DOCS, FIXTURES


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page() -> str:
    return (DOCS / "call-machine.md").read_text(encoding="utf-8")


def test_the_page_of_the_call_machine_is_the_one_that_the_table_gives(generate: ModuleType, page: str) -> None:
    assert page == generate.render(), "run: python docs/generate.py"


def test_the_page_has_a_line_for_every_row_and_no_empty_cell_where_the_row_says_something(page: str) -> None:
    transitions = page.partition("## Transitions")[2].partition("## Timers")[0]
    lines = [line.strip("| ").split(" | ") for line in transitions.splitlines() if re.match(r"\| (?!in |---)", line)]
    assert len(lines) == len(TABLE)
    for cells, row in zip(lines, TABLE, strict=True):
        assert all(phase.value in cells[0] for phase in row.phases) or cells[0].startswith("any phase")
        if row.to is not None:
            assert cells[-1] == row.to.value


def test_the_diagram_has_every_way_from_one_phase_to_another_and_no_other(page: str) -> None:
    diagram = page.partition("```mermaid")[2].partition("```")[0]
    drawn: set[tuple[str, str]] = set()
    calls = {phase.value for phase in Phase} - {"idle"}
    for source, target in re.findall(r"(\w+) --> (\w+):", diagram):
        drawn |= {(phase, target) for phase in calls} if source == "call" else {(source, target)}
    in_table = {(phase.value, row.to.value) for row in TABLE if row.to for phase in row.phases if phase is not row.to}
    assert drawn == in_table


def test_the_page_of_the_busy_kernel_names_every_field_of_the_transport_and_no_other() -> None:
    table = (DOCS / "busy-kernel.md").read_text(encoding="utf-8").partition("## Looking at it")[2].partition("##")[0]
    names = [
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert names == [field.name for field in fields(LinkReport)]


def test_the_example_of_the_testing_page_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "testing.md").read_text(encoding="utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    shutil.copy(FIXTURES / "sentence.wav", tmp_path / "question.wav")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/testing.md", "exec"), names)
    names["test_a_lost_call_comes_back_and_is_refused"]()


def test_the_testing_page_names_all_that_is_public_of_a_server_with_faults() -> None:
    page = (DOCS / "testing.md").read_text(encoding="utf-8")
    public = [
        name
        for each in (FaultyCall, FaultyServer, ScriptedMicrophone)
        for name in vars(each)
        if not name.startswith("_")
    ]
    options = [*inspect.signature(FaultyServer).parameters, *inspect.signature(FaultyCall.answer).parameters]
    for name in {*public, *options, *testing.__all__} - {
        "self",
        "scripts",
        "pcm",
        "Chunk",
        "Script",
        "rhythm",
        "live",
        "open",
        "frames",
        "close",
    }:
        assert re.search(rf"\b{name}\b", page), name


def pictures_of_recordings() -> list[tuple[str, str]]:
    """Return the pictures of the page on recordings, each with the text that stands for it."""
    page = (DOCS / "recording.md").read_text(encoding="utf-8")
    return [(name, text) for text, name in re.findall(r"!\[([^\]]*)\]\(pictures/([\w.-]+)\)", page)]


def test_every_picture_is_shown_with_its_own_alt_text_and_is_small() -> None:
    shown = pictures_of_recordings()
    assert {name for name, _ in shown} == {path.name for path in (DOCS / "pictures").iterdir()}
    for name, text in shown:
        with Image.open(DOCS / "pictures" / name) as picture:
            assert picture.info["Description"] == text
        assert (DOCS / "pictures" / name).stat().st_size < 150_000


def test_the_page_on_recordings_lists_the_events_that_there_are() -> None:
    page = (DOCS / "recording.md").read_text(encoding="utf-8")
    documented = [line for line in (step_events.__doc__ or "").splitlines() if line.startswith("|")]
    assert [line for line in page.splitlines() if line.startswith("|")] == documented


def test_the_page_for_users_of_micdrops_client_names_what_there_is_and_leaves_nothing_out() -> None:
    page = (DOCS / "migration.md").read_text(encoding="utf-8")
    for client in (MicdropClient, MicdropWidget):
        for name in set(re.findall(r"`[^`]*?\bcall\.(\w+)", page)):
            if client is MicdropWidget or name not in ("observe", "isStarted"):  # traits
                assert hasattr(client, name), f"{client.__name__} has no {name}"
    options = {option.name for option in fields(CallOptions)}
    assert set(re.findall(r"\b(\w+)=", page.partition("## Stopping")[0])) <= options | {"device_id", "isStarted"}
    told = set(re.findall(r"\w+", page))
    assert set(MicdropState.FIELDS) <= told
    assert set(get_args(EventName)) <= told
    assert set(VAD_EVENTS) <= told
    assert {str(code) for code in MicdropErrorCode} <= told
    assert {field.name for field in fields(Reconnect)} <= told
