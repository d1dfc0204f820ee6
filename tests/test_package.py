"""The wheel: built without Node, whole, and at home in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.paths import ROOT

CONTENTS = {
    "micdrop_widget/py.typed",
    "micdrop_widget/static/widget.js",
    "micdrop_widget/static/widget.css",
    "micdrop_widget/vad/models/silero_vad_16k_op15.onnx",
    "micdrop_widget/vad/models/silero_vad_16k_sequence.onnx",
    "micdrop_widget/vad/models/LICENSE-silero-vad",
    "micdrop_widget/turn/models/smart_turn_v3.2_cpu.onnx",
    "micdrop_widget/turn/models/LICENSE-smart-turn",
    "micdrop_widget/samples/hello.wav",
}

SHOW = """
import json, pathlib, sys
import micdrop_widget
assert "site-packages" in micdrop_widget.__file__, micdrop_widget.__file__
call = micdrop_widget.MicdropWidget("ws://localhost:8081")
bundle = call._repr_mimebundle_()
data = bundle[0] if isinstance(bundle, tuple) else bundle
assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == call.model_id
assert "// sources sha256:" in call._esm
vad = micdrop_widget.SileroVAD()
vad.load()
micdrop_widget.SmartTurn().load()
call.close()
print("shown")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with a PATH on which there is no Node."""
    target = tmp_path_factory.mktemp("wheel")
    environment = {**os.environ, "PATH": str(target)}
    code = (
        "import shutil; assert shutil.which('node') is None and shutil.which('npm') is None; "
        "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    )
    built = subprocess.run(
        [sys.executable, "-c", code, str(target)], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return target / built.stdout.split()[-1]


def test_the_wheel_holds_everything_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= CONTENTS
    assert any(name.endswith("licenses/LICENSE") for name in names)
    for notice in ("LICENSE-silero-vad", "LICENSE-smart-turn"):
        assert any(name.endswith(notice) and "dist-info" in name for name in names)
    assert wheel.stat().st_size < 15e6
    strangers = [name for name in names if not name.startswith("micdrop_widget")]
    assert strangers == []
    assert not any("__pycache__" in name for name in names)


@pytest.mark.parametrize("model", [name for name in sorted(CONTENTS) if name.endswith(".onnx")])
def test_a_model_in_the_wheel_is_the_one_in_the_tree(wheel: Path, model: str) -> None:
    assert zipfile.ZipFile(wheel).read(model) == (ROOT / "src" / model).read_bytes()


@pytest.mark.timeout(600)
def test_installed_in_an_empty_environment_elsewhere_it_shows_a_widget(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(install, check=True, cwd=tmp_path, capture_output=True)
    assert _output_of([str(python), "-c", SHOW], tmp_path) == "shown\n"
    assert "holds the whole sentence" in _output_of([str(python), "-m", "micdrop_widget", "demo"], tmp_path)


def _output_of(command: list[str], folder: Path) -> str:
    """Return what a command prints, with nothing of this environment on its path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
