"""The one place that opens neural networks: shared, refused in words, and told to be missing."""

from __future__ import annotations

import gc
import pickle
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

from micdrop_widget import (
    MicdropClient,
    MicdropError,
    MicdropServer,
    SileroVAD,
    SmartTurn,
    VolumeVAD,
    _onnx,
    detect_speech,
)
from micdrop_widget._onnx import open_session
from micdrop_widget.errors import MissingPackageError
from micdrop_widget.vad.silero_sequence import _session
from tests.paths import PACKAGE

SILERO = PACKAGE / "vad/models/silero_vad_16k_op15.onnx"
INPUTS = {"input", "state", "sr"}


@pytest.fixture(autouse=True)
def none_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no other test hold a network."""
    monkeypatch.setattr(_onnx, "_open", weakref.WeakValueDictionary())
    _session.cache_clear()


def opened(path: Path | str | None = None) -> object:
    return open_session("micdrop_widget.vad", SILERO.name, INPUTS, path=path, user="SileroVAD")


def test_a_packaged_network_is_in_memory_once_and_only_while_somebody_uses_it() -> None:
    session = opened()
    assert opened() is session
    alive = weakref.ref(session)
    del session
    gc.collect()
    assert alive() is None


def test_a_network_of_ones_own_is_opened_each_time_and_may_be_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.onnx").write_bytes(SILERO.read_bytes())
    monkeypatch.setenv("HOME", str(tmp_path))
    assert opened("~/own.onnx") is not opened("~/own.onnx")
    SileroVAD(model="~/own.onnx").load()


def test_a_file_that_is_missing_or_no_network_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"SileroVAD\(model='.*nowhere.onnx'\): there is no such file"):
        opened(tmp_path / "nowhere.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ValueError, match=r"SileroVAD\(model='.*text.onnx'\): no ONNX file that onnxruntime reads"):
        opened(tmp_path / "text.onnx")
    with pytest.raises(ValueError, match=r"inputs input_features, got input, sr, state"):
        open_session("micdrop_widget.turn", "", {"input_features"}, path=SILERO, user="SmartTurn")


@pytest.fixture
def no_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)


@pytest.mark.usefixtures("no_onnxruntime")
def test_without_onnxruntime_volume_works_and_a_network_says_what_to_do() -> None:
    silence = np.zeros(8000, np.int16)
    assert detect_speech(silence, vad="volume").segments == ()
    VolumeVAD().load()
    for use in (SileroVAD().load, SmartTurn().load, lambda: detect_speech(silence)):
        with pytest.raises(MissingPackageError, match=r"needs the package onnxruntime.*pip install.*vad=\"volume\""):
            use()
    with pytest.raises(ImportError, match=r"^SileroVAD needs the package"):
        SileroVAD().update(np.zeros(512, np.float32))


@pytest.mark.usefixtures("no_onnxruntime")
async def test_without_onnxruntime_a_call_that_needs_it_does_not_start_and_says_what_to_do() -> None:
    async with MicdropServer() as server:
        async with MicdropClient(server.url, source=np.zeros(16_000, np.int16), vad="silero") as call:
            with pytest.raises(MicdropError, match=r"SileroVAD needs the package onnxruntime.*vad=\"volume\""):
                await call.start()
        async with MicdropClient(server.url, source=np.zeros(16_000, np.int16), vad="volume") as call:
            await call.start()
            assert call.state.isListening


def test_the_error_can_be_pickled() -> None:
    error = MissingPackageError("Mic", "No package.", "Install it.")  # type: ignore[arg-type]
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.remedy) == (MissingPackageError, "No package. Install it.", "Install it.")
