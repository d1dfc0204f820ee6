"""Micdrop's wire as Pipecat's frames, and back."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="run scripts/pipecat: it needs an environment of its own")

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    TextFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from micdrop_widget import protocol as wire
from micdrop_widget.agents.pipecat import MicdropSerializer

PCM = np.arange(160, dtype=np.int16)


async def read(*data: str | bytes) -> list[Frame | None]:
    serializer = MicdropSerializer()
    return [await serializer.deserialize(each) for each in data]


async def test_an_utterance_becomes_the_frames_of_a_voice_activity_detection_and_its_audio() -> None:
    started, audio, stopped = await read("StartSpeaking", PCM.tobytes(), "StopSpeaking")
    assert isinstance(started, VADUserStartedSpeakingFrame)
    assert isinstance(audio, InputAudioRawFrame)
    assert (audio.audio, audio.sample_rate, audio.num_channels) == (PCM.tobytes(), 16_000, 1)
    assert isinstance(stopped, VADUserStoppedSpeakingFrame)


async def test_audio_outside_of_an_utterance_and_a_second_stop_are_ignored() -> None:
    before, _, _, stop_again, after = await read(
        PCM.tobytes(), "StartSpeaking", "StopSpeaking", "StopSpeaking", PCM.tobytes()
    )
    assert (before, stop_again, after) == (None, None, None)


async def test_mute_interrupts_and_ends_the_utterance() -> None:
    _, muted, audio = await read("StartSpeaking", "Mute", PCM.tobytes())
    assert isinstance(muted, InterruptionFrame)
    assert audio is None


async def test_params_reach_the_pipeline_and_what_is_no_json_does_not() -> None:
    params, broken, unknown = await read('{"authorization": "Bearer x"}', "{nonsense that is long", "Hello")
    assert isinstance(params, InputTransportMessageFrame)
    assert params.message == {"params": {"authorization": "Bearer x"}}
    assert (broken, unknown) == (None, None)


@pytest.mark.parametrize("kind", [OutputAudioRawFrame, TTSAudioRawFrame])
async def test_audio_travels_as_it_is_at_16_khz(kind: type[OutputAudioRawFrame]) -> None:
    assert await MicdropSerializer().serialize(kind(PCM.tobytes(), 16_000, 1)) == PCM.tobytes()


async def test_audio_of_another_rate_and_of_two_channels_is_converted() -> None:
    serializer = MicdropSerializer()
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000)).astype(np.int16)
    stereo = np.repeat(tone, 2)
    sent = b""
    for start in range(0, len(stereo), 1920):
        piece = await serializer.serialize(OutputAudioRawFrame(stereo[start : start + 1920].tobytes(), 24_000, 2))
        assert not isinstance(piece, str)
        sent += piece or b""
    heard = np.frombuffer(sent, np.int16)
    assert 15_000 <= len(heard) <= 16_000
    expected = 8000 * np.sin(2 * np.pi * 440 * np.arange(len(heard)) / 16_000)
    assert np.abs(heard[1000:-1000] - expected[1000:-1000]).max() < 50


@pytest.mark.parametrize("kind", [OutputTransportMessageFrame, OutputTransportMessageUrgentFrame])
async def test_messages_of_the_protocol_are_sent_and_others_stay_in_pipecat(
    kind: type[OutputTransportMessageFrame | OutputTransportMessageUrgentFrame],
) -> None:
    serializer = MicdropSerializer()
    hello = wire.Message(wire.TextMessage("assistant", "hello"))
    sent = await serializer.serialize(kind(message=hello))
    assert isinstance(sent, str)
    assert json.loads(sent.removeprefix("Message ")) == {"role": "assistant", "content": "hello"}
    assert await serializer.serialize(kind(message="SkipAnswer")) == "SkipAnswer"
    assert await serializer.serialize(kind(message={"label": "rtvi-ai", "type": "bot-ready"})) is None


async def test_the_end_of_a_pipeline_is_the_end_of_the_call_and_other_frames_are_nothing() -> None:
    serializer = MicdropSerializer()
    assert await serializer.serialize(EndFrame()) == "EndCall"
    assert await serializer.serialize(InterruptionFrame()) is None
    assert await serializer.serialize(TextFrame("hello")) is None
