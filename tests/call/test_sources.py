"""Microphones without a browser: arrays and WAV files, at any rate, in real time or as fast as it goes."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micdrop_widget import MicdropError
from micdrop_widget.audio import Pcm
from micdrop_widget.call.sources import ArraySource, AudioSource, Gap, NoSource, as_source
from micdrop_widget.devices import Microphone
from tests.harness import virtual_time
from tests.harness.callers import Mic, loud
from tests.harness.spoken import spoken


async def read(source: AudioSource) -> list[Pcm]:
    await source.open(None)
    chunks = [pcm async for pcm in source.frames()]
    await source.close()
    return [pcm for pcm in chunks if not isinstance(pcm, Gap)]


async def test_an_array_is_given_in_frames_of_512_samples_and_a_shorter_last_one() -> None:
    pcm = loud(3)[:-100]
    chunks = await read(ArraySource(pcm, pace="fast"))
    assert [len(chunk) for chunk in chunks] == [512, 512, 412]
    assert np.array_equal(np.concatenate(chunks), pcm)


async def test_it_begins_at_the_first_sample_each_time_it_is_opened() -> None:
    source = ArraySource(loud(2), pace="fast")
    assert np.array_equal(np.concatenate(await read(source)), np.concatenate(await read(source)))


@virtual_time.in_virtual_time
async def test_real_time_gives_a_frame_when_its_last_sample_has_been_spoken() -> None:
    source = ArraySource(loud(4))
    assert source.live
    assert not ArraySource(loud(1), pace="fast").live
    times = [asyncio.get_running_loop().time() async for _ in source.frames()]
    assert times == pytest.approx([0.032, 0.064, 0.096, 0.128])


def test_a_reader_that_is_late_gets_what_was_spoken_meanwhile_at_once() -> None:
    async def read() -> list[float]:
        frames = ArraySource(loud(5)).frames()
        await anext(frames)
        await asyncio.sleep(0.1)  # the time of three more
        return [asyncio.get_running_loop().time() async for _ in frames]

    assert virtual_time.run(read()) == pytest.approx([0.132, 0.132, 0.132, 0.16])


async def test_floats_are_scaled_and_clipped() -> None:
    floats = np.array([0.0, 0.5, 1.0, -1.0, 1.2, -1.2], dtype=np.float64)
    for samples in (floats, floats.astype(np.float32)):
        (chunk,) = await read(ArraySource(samples, pace="fast"))
        assert chunk.tolist() == [0, 16384, 32767, -32768, 32767, -32768]


async def test_a_wav_file_of_the_calls_own_rate_is_read_sample_for_sample() -> None:
    file = spoken("sentence")
    for option in (file.path, str(file.path)):
        source = as_source(option)
        assert isinstance(source, ArraySource)
        assert source.live, "a path is a microphone: it speaks in real time"
    chunks = await read(ArraySource.from_wav(file.path, pace="fast"))
    assert np.array_equal(np.concatenate(chunks), file.pcm)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
async def test_other_rates_are_resampled_without_losing_length_or_level(rate: int, tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = (10_000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype("<i2")
        file.writeframes(tone.tobytes())
    pcm = np.concatenate(await read(ArraySource.from_wav(path, pace="fast")))
    assert len(pcm) == pytest.approx(16_000, abs=2)
    middle = pcm[4000:12_000].astype(float)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(10_000 / np.sqrt(2), rel=0.01)
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) == 220, "440 Hz, in bins of 2 Hz"


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (np.zeros((2, 3), dtype=np.int16), {}, r"source: 2 channels; .* source=ArraySource\(…, channel=0\)"),
        (np.zeros(3, dtype=np.uint16), {}, "source: expected int16, int32, uint8 or floating samples, got uint16"),
        (np.zeros(3, dtype=np.int16), {"sample_rate": 0}, "source: expected a sample rate in Hz, such as 16000, got 0"),
        (np.zeros(3, dtype=np.int16), {"pace": "slow"}, "expected 'realtime' or 'fast', got 'slow'"),
    ],
)
def test_samples_that_cannot_be_spoken_say_what_was_expected(samples: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArraySource(samples, **options)


def test_what_a_source_may_be(tmp_path: Path) -> None:
    mic = Mic()
    assert as_source(mic) is mic
    assert isinstance(as_source(np.zeros(3, dtype=np.int16)), ArraySource)
    assert isinstance(as_source(None), NoSource)
    with pytest.raises(TypeError, match=r"source: expected an audio file .* or samples: an array, .* got int"):
        as_source(5)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        as_source(tmp_path / "missing.wav")


async def test_an_empty_array_is_a_microphone_that_is_over_at_once() -> None:
    assert await read(ArraySource(np.zeros(0, dtype=np.int16))) == []


async def test_no_source_says_what_to_pass() -> None:
    with pytest.raises(MicdropError, match="Pass source=") as raised:
        await NoSource().open(None)
    assert raised.value.code.value == "Mic"
    assert [pcm async for pcm in NoSource().frames()] == []


async def test_the_device_asked_for_is_the_one_opened() -> None:
    assert await ArraySource(loud(1)).open("usb") == Microphone("usb")
