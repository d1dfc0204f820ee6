"""Samples of every type and shape that people have become int16 at 16 kHz, or an error that says what to do."""

from __future__ import annotations

import array
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from micdrop_widget.audio import Pcm, float_to_pcm, pcm_to_float
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.audio_samples import Channel, PcmStream, as_array

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
FLOATS = EVERY_SAMPLE / 32768


class Tensor:
    """What torch gives: it is at another place, wants its gradient, and becomes an array only after that."""

    def __init__(self, samples: NDArray[Any], steps: tuple[str, ...] = ()) -> None:
        self.samples = samples
        self.steps = steps

    def detach(self) -> Tensor:
        return Tensor(self.samples, (*self.steps, "detach"))

    def cpu(self) -> Tensor:
        return Tensor(self.samples, (*self.steps, "cpu"))

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        if self.steps != ("detach", "cpu"):
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.samples


class Exchanged:
    """What knows DLPack and nothing of numpy."""

    def __init__(self, samples: NDArray[Any]) -> None:
        self.samples = samples

    def __dlpack__(self, **options: Any) -> Any:
        return self.samples.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.samples.__dlpack_device__()


def brought(samples: Any, sample_rate: float = 16_000, channel: Channel | None = None) -> Pcm:
    stream = PcmStream(sample_rate, channel=channel)
    return np.concatenate([stream.push(samples), stream.finish()])


@pytest.mark.parametrize(
    "samples",
    [
        EVERY_SAMPLE,
        EVERY_SAMPLE.astype(">i2"),
        EVERY_SAMPLE.astype(np.int32) << 16,
        EVERY_SAMPLE.astype(np.int64),
        EVERY_SAMPLE.tolist(),
        tuple(EVERY_SAMPLE.tolist()),
        range(-32768, 32768),
        FLOATS,
        FLOATS.astype(np.float32),
        FLOATS.astype(">f4"),
        FLOATS.astype(np.longdouble),
        FLOATS.tolist(),
        EVERY_SAMPLE.data,
        FLOATS.data,
        array.array("h", EVERY_SAMPLE.tolist()),
        Tensor(EVERY_SAMPLE),
        Tensor(FLOATS),
        Exchanged(EVERY_SAMPLE),
    ],
    ids=lambda samples: f"{type(samples).__name__}-{getattr(samples, 'dtype', '')}",
)
def test_every_type_gives_the_same_samples(samples: Any) -> None:
    pcm = brought(samples)
    assert pcm.dtype == np.int16
    assert pcm.dtype.isnative
    assert_array_equal(pcm, EVERY_SAMPLE)


def test_types_with_fewer_bits_give_the_nearest_samples() -> None:
    assert_array_equal(brought(np.arange(256, dtype=np.uint8)), (np.arange(256) - 128) * 256)
    assert_array_equal(brought(memoryview(bytes([0, 128, 255]))), [-32768, 0, 32512])
    assert_array_equal(brought(FLOATS.astype(np.float16)), float_to_pcm(FLOATS.astype(np.float16).astype(np.float32)))


def test_32_bits_are_rounded_to_16() -> None:
    wide = np.array([0x00010000, 0x00018000, 0x00027FFF, 0x00028001, -0x00018000, 0x7FFFFFFF, -(2**31)], np.int32)
    assert brought(wide).tolist() == [1, 2, 2, 3, -2, 32767, -32768]


def test_what_is_already_right_is_not_copied() -> None:
    stream = PcmStream()
    assert stream.push(EVERY_SAMPLE) is EVERY_SAMPLE
    assert len(stream.finish()) == 0


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (1, -1)])
def test_every_shape_of_one_channel_gives_the_same_samples(shape: tuple[int, ...], dtype: Any) -> None:
    samples = (EVERY_SAMPLE if dtype is np.int16 else FLOATS.astype(dtype)).reshape(shape)
    assert_array_equal(brought(samples), EVERY_SAMPLE)
    assert_array_equal(brought(samples[..., ::-1] if shape == (1, -1) else samples[::-1]), EVERY_SAMPLE[::-1])


@pytest.mark.parametrize("shape", [(0,), (0, 1), (1, 0), (0, 2), (2, 0)])
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_no_samples_are_no_samples(shape: tuple[int, ...], rate: int) -> None:
    assert brought(np.zeros(shape, np.float32), rate).shape == (0,)
    assert brought([], rate).shape == (0,)


@pytest.mark.parametrize(
    ("channel", "expected"), [(0, [100, -32768, 32767]), (1, [300, -32768, -32767]), ("mean", [200, -32768, 0])]
)
@pytest.mark.parametrize("number", [int, np.int64])
def test_one_of_several_channels_is_chosen_or_their_mean(
    channel: Channel, expected: list[int], number: Callable[[Any], Any]
) -> None:
    stereo = np.array([[100, 300], [-32768, -32768], [32767, -32767]], dtype=np.int16)
    channel = channel if channel == "mean" else number(channel)
    for samples in (stereo, stereo.T, stereo / 32768, stereo.astype(np.int32) << 16, stereo.tolist()):
        if np.shape(samples)[0] >= 3 or np.shape(samples) == (2, 3):
            assert brought(samples, channel=channel).tolist() == expected


def test_several_channels_are_a_question_with_both_ways_out() -> None:
    for shape in ((2, 100), (100, 2)):
        question = r'^voice: 2 channels; which one is the voice\? Choose one with channel=0 .* mix .* channel="mean"$'
        with pytest.raises(ValueError, match=question):
            PcmStream(what="voice").push(np.zeros(shape, np.int16))
    with pytest.raises(ValueError, match=r"6 channels; .* with left \(up to 5\), or mix them with both$"):
        PcmStream(choose=("left", "both")).push(np.zeros((100, 6)))


@pytest.mark.parametrize(
    ("channel", "error", "message"),
    [
        (2, ValueError, "there is no channel 2, there are 2, counted from 0"),
        (-1, ValueError, "there is no channel -1"),
        ("left", TypeError, "expected channel to be a number from 0, or \"mean\", got 'left'"),
        (True, TypeError, "got True"),
        (0.0, TypeError, "got 0.0"),
    ],
)
def test_a_channel_that_does_not_exist_is_refused(channel: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PcmStream(channel=channel).push(np.zeros((100, 2)))
    assert_array_equal(brought(EVERY_SAMPLE, channel=0), EVERY_SAMPLE)
    assert_array_equal(brought(EVERY_SAMPLE, channel="mean"), EVERY_SAMPLE)
    with pytest.raises(ValueError, match="there is no channel 1, there are 1"):
        brought(EVERY_SAMPLE, channel=1)


@pytest.mark.parametrize("shape", [(1, 1, 100), (100, 100), (3, 4, 5)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"expected samples of shape .*, got shape \({shape[0]}, {shape[1]}"):
        PcmStream().push(np.zeros(shape))


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.uint32, np.uint64, np.bool_, np.complex64, "datetime64[s]"])
def test_types_that_say_nothing_of_full_scale_are_refused(dtype: Any) -> None:
    with pytest.raises(ValueError, match="expected int16, int32, uint8 or floating samples, got "):
        PcmStream().push(np.zeros(3, dtype))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, "voice: expected samples: an array, .* got NoneType"),
        (5, "got int"),
        ({"samples": []}, "got dict"),
        ({1}, "got set"),
        ("voice.wav", "got str"),
        (b"\0\0", r"got bytes. If they are samples, say of which type: np.frombuffer\(data, dtype=\"<i2\"\)"),
        (iter([1, 2]), r"got list_iterator. Join what it yields: np.concatenate\(list\(…\)\)"),
        ([[1, 2], [3]], "this list cannot be read as one"),
        (["a", "b"], "expected int16"),
        (np.array([None]), "expected int16"),
        ([object()], "got list"),
    ],
)
def test_what_is_nothing_like_an_array_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        PcmStream(what="voice").push(wrong)


def test_a_tensor_that_cannot_become_an_array_says_why() -> None:
    class BFloat16:
        def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
            raise TypeError("Got unsupported ScalarType BFloat16")

    with pytest.raises(TypeError, match=r"this BFloat16 cannot be read as one \(Got unsupported ScalarType BFloat16\)"):
        as_array(BFloat16(), "voice")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_little_beyond_full_scale_is_clipped_and_more_is_refused(dtype: Any) -> None:
    assert brought(np.array([1.0, 1.1, 1.25, -1.25], dtype)).tolist() == [32767, 32767, 32767, -32768]
    for peak in (1.26, -1.5, 2.0, 32_000.0):
        message = (
            r"voice: floating samples go from -1 to 1, these reach .* divide them by 32768; otherwise by their lou"
        )
        with pytest.raises(ValueError, match=message):
            PcmStream(what="voice").push(np.array([0, peak], dtype))


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("stereo", [False, True])
def test_what_is_no_number_is_refused_with_its_place_in_the_stream(wrong: float, stereo: bool) -> None:
    stream = PcmStream(48_000, what="voice", channel="mean" if stereo else None)
    shape = (100, 2) if stereo else (100,)
    samples = np.zeros(shape)
    stream.push(samples)
    samples[7] = wrong
    with pytest.raises(ValueError, match=rf"voice: sample 107 is {wrong}; replace what is no number, .*nan_to_num"):
        stream.push(samples)


def test_values_of_int16_in_a_wider_type_are_refused_where_they_would_be_silence() -> None:
    for peak in (1024, 32_768):
        with pytest.raises(ValueError, match=rf"these reach {peak} and would be silence. .*astype\(np.int16\)"):
            PcmStream().push(np.array([0, -peak, 5], np.int32))
    assert brought(np.array([0, 1023, -5], np.int32)).tolist() == [0, 0, 0]
    assert brought(np.array([0, 32_769], np.int32)).tolist() == [0, 1]
    for wide in ([40_000], [-32_769], np.array([2**40]), np.array([-(2**63)])):
        with pytest.raises(
            ValueError, match="whole numbers without a type of their own count as int16, -32768 to 32767"
        ):
            PcmStream().push(wide)


@pytest.mark.parametrize(
    ("rate", "error"),
    [(0, ValueError), (-1, ValueError), (16, ValueError), (math.nan, ValueError), (math.inf, ValueError),
     ("16000", TypeError), (None, TypeError), (True, TypeError)],
)  # fmt: skip
def test_a_rate_that_is_none_is_refused(rate: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"voice: expected a sample rate in Hz, such as 16000, got "):
        PcmStream(rate, what="voice")


@pytest.mark.parametrize("rate", [16_000.0, np.int32(16_000), np.float64(16_000)])
def test_a_rate_may_be_any_number(rate: Any) -> None:
    assert_array_equal(brought(EVERY_SAMPLE, rate), EVERY_SAMPLE)


def loud(samples: int, seed: int = 0) -> Pcm:
    return np.random.default_rng(seed).integers(-20_000, 20_000, samples).astype(np.int16)


@settings(max_examples=40, deadline=None)
@given(
    rate=st.sampled_from([8000, 16_000, 22_050, 24_000, 44_100, 48_000, 11_111.5]),
    chunks=st.lists(st.integers(0, 3000), max_size=12),
    kind=st.sampled_from(["int16", "int32", "float32", "float64", "list", "column", "row", "stereo", "tensor"]),
)
def test_any_chunks_of_any_type_give_what_one_piece_gives(rate: float, chunks: list[int], kind: str) -> None:
    pcm = loud(sum(chunks))
    stream = PcmStream(rate, channel=0 if kind == "stereo" else None)
    parts, done = [], 0
    for count in chunks:
        chunk = pcm[done : done + count]
        done += count
        parts.append(stream.push(FORMS[kind](chunk)))
    streamed = np.concatenate([*parts, stream.finish()])
    if rate == 16_000:
        assert_array_equal(streamed, pcm)
    else:
        assert_array_equal(streamed, float_to_pcm(soxr.resample(pcm_to_float(pcm), rate, 16_000)))


FORMS: dict[str, Callable[[Pcm], Any]] = {
    "int16": lambda pcm: pcm,
    "int32": lambda pcm: pcm.astype(np.int32) << 16,
    "float32": pcm_to_float,
    "float64": lambda pcm: pcm / 32768,
    "list": lambda pcm: pcm.tolist(),
    "column": lambda pcm: pcm[:, None],
    "row": lambda pcm: pcm[None, :],
    "stereo": lambda pcm: np.stack([pcm, loud(len(pcm), 1)], axis=1) if len(pcm) > 2 else pcm,
    "tensor": Tensor,
}


def test_long_arrays_are_converted_in_blocks_without_a_seam() -> None:
    pcm = loud(400_000)
    at_once = float_to_pcm(soxr.resample(pcm_to_float(pcm), 44_100, 16_000))
    assert_array_equal(brought(pcm / 32768, 44_100), at_once)
    assert_array_equal(brought(pcm / 32768), pcm)
    assert_array_equal(brought(np.stack([pcm, pcm], axis=1), channel="mean"), pcm)


def test_subclasses_of_arrays_are_arrays() -> None:
    samples = np.arange(-4, 4, dtype=np.int16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix(samples)
    for subclass in (matrix, matrix.T, np.ma.masked_array(samples, mask=False), samples.view(Marked)):
        pcm = as_pcm(subclass)
        assert type(pcm) is np.ndarray
        assert pcm.tolist() == samples.tolist()


def test_masked_samples_are_refused_with_what_to_do() -> None:
    masked = np.ma.masked_array(np.zeros(4, np.int16), mask=[False, True, False, False])
    with pytest.raises(TypeError, match=r"voice: some samples are masked; .* samples\.filled\(0\)"):
        as_pcm(masked, what="voice")


class Marked(np.ndarray[Any, np.dtype[np.int16]]):
    """As packages for units have them."""


@pytest.mark.parametrize(
    "audio",
    [
        (24_000, np.zeros(5, np.int16)),
        (np.zeros(5), 24_000),
        [24_000.0, [0.0, 0.5]],
        (np.int64(24_000), np.zeros((5, 2))),
        {"array": np.zeros(5), "sampling_rate": 24_000, "path": "voice.wav"},
    ],
    ids=["scipy", "soundfile", "lists", "stereo", "datasets"],
)
def test_samples_that_come_with_their_rate_are_refused_with_how_to_pass_it(audio: Any) -> None:
    with pytest.raises(TypeError, match=r"voice: samples and their rate, as .* pass .*, and sample_rate=24000"):
        as_pcm(audio, what="voice")


def test_two_samples_are_two_samples() -> None:
    assert as_pcm([3, 4]).tolist() == [3, 4]
    assert as_pcm((0.5, -0.5)).tolist() == [16384, -16384]
