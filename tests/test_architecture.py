"""The import rules of the design, read from the sources: layers, circles, borders, and what an import costs."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import micdrop_widget

PACKAGE = "micdrop_widget"
ROOT = Path(micdrop_widget.__file__).parent

# A room imports only from rooms of a lower rank, never from one beside it.
RANKS = {
    "the vocabulary": 0,
    **dict.fromkeys(("state", "vad", "turn"), 1),
    "history": 2,
    "call": 3,
    **dict.fromkeys(("server", "browser"), 4),
    **dict.fromkeys(("analysis", "agents", "testing", "page"), 5),
    "jupyter": 6,
    "cli": 7,
    "the package": 8,
}
VOCABULARY = {
    "errors",
    "protocol",
    "audio",
    "audio_file",
    "audio_input",
    "audio_lengths",
    "audio_samples",
    "devices",
    "reconnect",
    "speech",
    "wav_file",
    "_keywords",
    "_loopback",
    "_silent_logger",
    "_threads",
    "_onnx",
    "_settings",
    "_claims",
    "_extras",
}

PLUG_INS = {"history.pictures": "analysis.pictures"}
"""The one way up: what a lower room loads by its name when it is asked for, and the room above it then does."""

STRANGERS = [("server", "call"), ("server", "state"), ("agents", "call"), ("agents", "state"), ("page", "server")]
"""Rooms that know nothing of one another, whatever their ranks."""

PURE_ROOMS = {"the vocabulary", "state", "vad", "turn", "history", "analysis"}
PURE_MODULES = {"call.options", "call.events", "call.log", "browser.link", "browser.mic_errors"}
IMPURE_MODULES = {
    "_threads",
    "history.writer",
    "history.recording_file",
    "history.disk_thread",
    "history.folder_file",
    "history.folder_writer",
    "turn.smart_turn",
}

# Clocks, threads, sockets, event loops, chance and other processes.
NOT_PURE = {
    *("asyncio", "concurrent", "datetime", "multiprocessing", "queue", "sched", "signal", "subprocess", "time"),
    *("_thread", "threading", "http", "select", "selectors", "socket", "socketserver", "urllib.request"),
    *("random", "secrets", "uuid"),
}

BORDERS = {
    "websockets": {
        *("call.transport", "call.connect", "server", "agents.realtime.session"),
        *("testing.faulty_call", "testing.faulty_server"),
        *("page.server", "page.files"),
    },
    "onnxruntime": {"_onnx", "vad.silero_sequence"},
    "anywidget": {"jupyter.threaded_widget"},
    "traitlets": {"jupyter"},
    "soxr": {"audio"},
    "soundfile": {"audio_file"},
    "pipecat": {"agents.pipecat"},
    "pocketsphinx": {"agents.offline"},
    "hibari": {"agents.offline"},
    "openai": {f"agents.openai.{module}" for module in ("endpoint", "ears", "agent", "voice")},
    "jiwer": {"history.words"},
    "pandas": {"analysis", "history.saved_call", "history.table", "history.turns", "history.event_log"},
    "matplotlib": {"analysis", "history.pictures", "history.recording", "history.turns"},
    "IPython": {"history.playback", "history.recording"},
}

SUBCLASSES = {"agents.pipecat": "pipecat"}
"""Modules that cannot be imported without the library of their extra, whose classes they derive from."""


def module_name(path: Path) -> str:
    """Return the dotted name within the package; that of the package itself is `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the absolute name of everything imported anywhere, under TYPE_CHECKING and in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(name: str) -> str | None:
    """Return the module of ours that an imported name is, or is in; None for the modules of others."""
    package, *parts = name.split(".")
    if package != PACKAGE:
        return None
    while parts and ".".join(parts) not in SOURCES:
        parts.pop()
    return ".".join(parts) or "__init__"


def ours(module: str) -> set[str]:
    return {home for name in imported(SOURCES[module]) if (home := own(name)) is not None and home != module}


def others(module: str) -> set[str]:
    return {name for name in imported(SOURCES[module]) if own(name) is None}


def room(module: str) -> str:
    """Return the folder a module is in; the modules beside the folders are the vocabulary, or the package itself."""
    first = module.partition(".")[0]
    if first in VOCABULARY:
        return "the vocabulary"
    return "the package" if first in ("__init__", "__main__") else first


def rank(module: str) -> int:
    return RANKS[room(module)]


def is_public(module: str) -> bool:
    return not any(part.startswith("_") for part in module.split("."))


def is_pure(module: str) -> bool:
    """Return whether a module has to be pure: by its room, but for the modules that are listed."""
    return module in PURE_MODULES or (room(module) in PURE_ROOMS and module not in IMPURE_MODULES)


PURE = [module for module in SOURCES if is_pure(module)]


def test_the_reader_sees_every_form_of_import() -> None:
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from micdrop_widget.state import machine, Call
def late():
    import time, os.path
"""
    found = set(imported(ast.parse(source)))
    assert {"time", "os.path", "micdrop_widget.state.machine"} <= found
    assert own("micdrop_widget.state.machine") == "state.machine"
    assert own("micdrop_widget.state.Call") == "state"
    assert own("micdrop_widget.MicdropClient") == "__init__"
    assert own("numpy.typing") is None


def test_every_module_is_in_a_room() -> None:
    assert {room(module) for module in SOURCES} == RANKS.keys()


def test_the_lists_name_modules_that_exist() -> None:
    assert SOURCES.keys() >= VOCABULARY | PURE_MODULES | IMPURE_MODULES


@pytest.mark.parametrize("module", SOURCES)
def test_a_module_imports_only_from_its_own_room_and_from_lower_ones(module: str) -> None:
    assert {name for name in ours(module) if room(name) != room(module) and rank(name) >= rank(module)} == set()


@pytest.mark.parametrize(("one", "other"), STRANGERS)
def test_a_room_knows_nothing_of_a_stranger(one: str, other: str) -> None:
    users = {
        module: {name for name in ours(module) if room(name) == other} for module in SOURCES if room(module) == one
    }
    assert {module: names for module, names in users.items() if names} == {}


def test_no_module_imports_itself_by_a_circle() -> None:
    try:
        TopologicalSorter({module: ours(module) for module in SOURCES}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' imports '.join(reversed(error.args[1]))}")


def test_a_module_that_is_loaded_by_its_name_is_the_plug_in_of_a_lower_room() -> None:
    loaders = {name for name, tree in SOURCES.items() if "importlib.import_module" in set(imported(tree))}
    assert loaders == {"__init__", *PLUG_INS}
    for module, plug_in in PLUG_INS.items():
        loader = importlib.import_module(f"{PACKAGE}.{module}")
        assert f"{PACKAGE}.{plug_in}" == loader.PLUG_IN
        assert plug_in in SOURCES
        assert rank(plug_in) > rank(module)


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_knows_no_clock_thread_socket_loop_or_chance(module: str) -> None:
    for name in others(module):
        packages = {name.rsplit(".", n)[0] for n in range(name.count(".") + 1)}
        assert not packages & NOT_PURE, f"{name} is not pure"
        # what computes and does nothing else; where each is known, the borders say
        allowed = sys.stdlib_module_names | {
            "numpy",
            "onnxruntime",
            "soundfile",
            "soxr",
            "pandas",
            "matplotlib",
            "jiwer",
            "IPython",
        }
        assert name.split(".")[0] in allowed, f"{name} is not for pure code"
        assert not name.startswith("numpy.random"), f"{name} is chance"


@pytest.mark.parametrize("library", BORDERS)
def test_a_library_is_known_only_at_its_border(library: str) -> None:
    users = {module for module in SOURCES if any(name.split(".")[0] == library for name in others(module))}
    assert {module for module in users if not {module, module.split(".")[0]} & BORDERS[library]} == set()
    assert users, f"nobody imports {library} any more: take it off the list"


@pytest.mark.parametrize("module", SOURCES)
def test_no_module_prints(module: str) -> None:
    names = {node.id for node in ast.walk(SOURCES[module]) if isinstance(node, ast.Name)}
    assert not names & {"print", "pprint"}


def isort_order(name: str) -> tuple[int, str]:
    """Return ruff's order of `__all__`: constants, then classes, then the rest."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("module", [module for module in SOURCES if is_public(module)])
def test_a_public_module_says_what_is_public_in_order_and_has_it(module: str) -> None:
    if module in SUBCLASSES:
        pytest.importorskip(SUBCLASSES[module])
    loaded = importlib.import_module(f"{PACKAGE}.{module}")
    names = loaded.__all__
    assert names == sorted(names, key=isort_order)
    assert len(set(names)) == len(names)
    assert all(hasattr(loaded, name) for name in names)


def test_every_exported_name_resolves_to_what_it_is_called() -> None:
    assert micdrop_widget.__all__ == sorted(micdrop_widget.__all__, key=isort_order)
    for name in micdrop_widget.__all__:
        assert getattr(micdrop_widget, name).__name__ == name
        assert name in dir(micdrop_widget)
    with pytest.raises(AttributeError, match="no attribute 'MicdropWidgets'"):
        micdrop_widget.MicdropWidgets  # noqa: B018 - the access is the test


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("imports", "heavy"),
    [
        ("micdrop_widget", "onnxruntime websockets anywidget traitlets numpy pandas matplotlib soxr soundfile"),
        (
            "micdrop_widget.state, micdrop_widget.history.turns",
            "onnxruntime websockets anywidget asyncio pandas matplotlib",
        ),
        ("micdrop_widget.call.client", "onnxruntime anywidget traitlets pandas matplotlib soxr soundfile"),
        (
            "micdrop_widget.page",
            "onnxruntime anywidget traitlets ipykernel ipywidgets pandas matplotlib soxr soundfile",
        ),
        ("micdrop_widget.jupyter.widget", "onnxruntime pandas matplotlib soxr soundfile"),
        (
            "micdrop_widget.analysis",
            "onnxruntime pandas matplotlib soxr soundfile asyncio websockets anywidget traitlets",
        ),
        (
            "micdrop_widget.agents",
            "onnxruntime anywidget traitlets pandas matplotlib soxr soundfile openai pocketsphinx",
        ),
    ],
)
def test_an_import_loads_nothing_heavy(imports: str, heavy: str) -> None:
    code = f"import sys, {imports}; print(*sorted(set({heavy.split()!r}) & set(sys.modules)))"
    assert run_python(code) == ""
