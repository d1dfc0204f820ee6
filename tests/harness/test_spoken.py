"""The fixtures are what their index says."""

from __future__ import annotations

import importlib.util
import json

import pytest

from tests.harness.spoken import spoken
from tests.paths import FIXTURES

INDEX = json.loads((FIXTURES / "index.json").read_text())


@pytest.mark.parametrize("file", sorted(INDEX))
def test_index_is_measured_from_the_file(file: str) -> None:
    spec = importlib.util.spec_from_file_location("measure", FIXTURES / "measure.py")
    assert spec is not None
    assert spec.loader is not None
    measure = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(measure)
    texts = [segment["text"] for segment in INDEX[file]["speech"]]
    assert measure.measure(FIXTURES / file, texts) == INDEX[file]


@pytest.mark.parametrize(("name", "silence_s"), [("sentence", 3.5), ("two_sentences", 4)])
def test_file_begins_and_ends_in_exact_silence(name: str, silence_s: float) -> None:
    wav = spoken(name)
    assert not wav.pcm[:16000].any()
    assert not wav.pcm[-int(silence_s * 16000) :].any()
    assert all(2 < len(wav.pcm_of(n)) / 16000 < 3 for n in range(len(wav.sentences)))
