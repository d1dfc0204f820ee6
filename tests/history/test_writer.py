"""The option `record` in whole calls: what is recorded, where, for how long, and what is not."""

from __future__ import annotations

import asyncio
import json
import logging
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropClient, MicdropError, MicdropServer, MicdropWidget, Recording
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from micdrop_widget.history.writer import RecordingFile
from micdrop_widget.server import ServerCall
from tests.harness.callers import LoudVAD, loud, quiet, ready_client, turns_over
from tests.harness.fake_front_end import FakeFrontEnd
from tests.harness.leaks import until
from tests.harness.servers import scripted

LONG = loud(160)
"""Five seconds."""


def sounding(track: Pcm) -> Pcm:
    pcm: Pcm = track[track != 0]
    return pcm


def recorded(call: MicdropClient | MicdropWidget) -> Recording:
    assert call.recording is not None
    return call.recording


def stereo(path: Path) -> NDArray[np.int16]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)


async def hold_call(spoken: Pcm, speaker: VirtualSpeaker, record: bool | Path) -> MicdropClient:
    """Speak into the echo at full speed, hear it out, and return the client after the end of the call."""
    async with MicdropServer() as server:
        source = ArraySource(spoken, pace="fast")
        async with MicdropClient(server.url, source=source, sink=speaker, vad=LoudVAD(), record=record) as call:
            await call.start()
            await call.until(isAssistantSpeaking=True, timeout=10)
            await call.until(isAssistantSpeaking=False, isMicStarted=False, timeout=10)
    return call


@pytest.mark.usefixtures("clean_loop")
async def test_the_microphone_is_the_wav_and_the_assistant_its_echo_after_the_question() -> None:
    spoken = np.concatenate([turns_over(20), quiet(60)])
    speaker = VirtualSpeaker(pace="fast", keep=True)
    call = await hold_call(spoken, speaker, True)
    recording, (turn,) = recorded(call), call.turns
    began = int(np.flatnonzero(recording.microphone)[0])
    assert np.array_equal(recording.microphone[began : began + len(spoken)], spoken)
    assert not recording.microphone[began + len(spoken) :].any()
    answered = int(np.flatnonzero(recording.assistant)[0])
    assert np.array_equal(recording.assistant[answered : answered + len(speaker.heard)], speaker.heard)
    assert not recording.assistant[answered + len(speaker.heard) :].any()
    assert turn.end_sample is not None
    assert answered >= began + turn.end_sample
    assert len(recording.microphone) == len(recording.assistant) == recording.duration_s * 16_000


@pytest.mark.usefixtures("clean_loop")
async def test_an_interruption_cuts_the_assistant_where_it_was_silenced() -> None:
    speaker = VirtualSpeaker(keep=True)

    async def respond(call: ServerCall, utterance: Pcm) -> None:
        await call.send_audio(LONG)

    async with MicdropServer(respond) as server:
        call, mic, _ = ready_client(server.url, sink=speaker)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await call.until(isAssistantSpeaking=True, timeout=5)
            mic.say(loud(5))
            await call.until(isUserSpeaking=True, timeout=5)
        assistant = recorded(call).assistant
        assert 0 < len(speaker.heard) < len(LONG)
        assert np.array_equal(sounding(assistant), speaker.heard), "to the sample"


@pytest.mark.usefixtures("clean_loop")
async def test_an_answer_in_real_time_is_at_the_time_it_was_heard() -> None:
    played_s: list[float] = []

    class Noting(VirtualSpeaker):
        def play(self, epoch: int, pcm: Pcm) -> None:
            played_s.append(asyncio.get_running_loop().time())
            super().play(epoch, pcm)

    speaker = Noting(keep=True)

    async def talk(connection: ServerConnection) -> None:
        await connection.send(pcm_to_bytes(loud(10)))
        await connection.wait_closed()

    async with scripted(talk) as url:
        call, _, _ = ready_client(url, sink=speaker)
        async with call:
            began_s = asyncio.get_running_loop().time()
            await call.start()
            await call.until(isAssistantSpeaking=True, timeout=5)
            speaking_s = asyncio.get_running_loop().time()
            await call.until(isAssistantSpeaking=False, timeout=5)
        assistant = recorded(call).assistant
    assert np.array_equal(sounding(assistant), loud(10))
    heard_s = began_s + int(np.flatnonzero(assistant)[0]) / 16_000
    assert played_s[0] - 0.02 <= heard_s <= speaking_s


@pytest.mark.usefixtures("clean_loop")
async def test_a_muted_microphone_is_recorded_as_silence() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        async with call:
            await call.start()
            mic.say(loud(3))
            await call.until(isUserSpeaking=True, timeout=5)
            await call.mute()
            before = recorded(call).duration_s
            mic.say(loud(100))
            await until(lambda: recorded(call).duration_s >= before + 3.2)
            await call.unmute()
            mic.say(loud(2))
            await call.until(isUserSpeaking=True, timeout=5)
        microphone = recorded(call).microphone
        assert np.array_equal(sounding(microphone), np.concatenate([loud(3), loud(2)]))
        first, last = np.flatnonzero(microphone)[[0, -1]]
        assert last - first + 1 == len(loud(105))


@pytest.mark.usefixtures("clean_loop")
async def test_with_a_path_the_whole_call_is_in_a_wav_when_it_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"an older and longer file" * 100_000)
    call = await hold_call(turns_over(20), VirtualSpeaker(), path)
    recording = recorded(call)
    assert recording.path == path
    written = stereo(path)
    assert np.array_equal(written[:, 0], recording.microphone)
    assert np.array_equal(written[:, 1], recording.assistant)
    assert path.stat().st_size == 44 + 4 * len(written)
    assert str(path) in repr(recording)


@pytest.mark.usefixtures("clean_loop")
async def test_the_file_grows_while_the_call_goes_on_and_is_readable_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    async with MicdropServer() as server:
        source = ArraySource(np.concatenate([turns_over(20), quiet(200)]))
        async with MicdropClient(server.url, source=source, vad=LoudVAD(), record=path) as call:
            await call.start()
            await until(lambda: path.stat().st_size)
            assert call.state.isMicStarted
            written = stereo(path)
            assert len(written) > 8000
            assert np.array_equal(written[:, 0], recorded(call).microphone[: len(written)])


@pytest.mark.usefixtures("clean_loop")
async def test_nothing_is_recorded_when_told_so() -> None:
    call = await hold_call(turns_over(5), VirtualSpeaker(pace="fast"), False)
    assert call.recording is None


@pytest.mark.usefixtures("clean_loop")
async def test_a_recording_stays_after_the_call_until_the_next_start() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        assert call.recording is None
        await call.start_mic()
        mic.say(loud(3))
        await call.until(isUserSpeaking=True, timeout=5)
        assert call.recording is None, "only calls are recorded"
        await call.start()
        mic.say(loud(2))
        await until(lambda: recorded(call).duration_s)
        await call.stop()
        first = recorded(call)
        assert np.array_equal(sounding(first.microphone), loud(2))
        await call.start()
        assert call.recording is not first
        assert not recorded(call).microphone.any()
        await call.stop()
        await call.start(record=False)
        assert call.recording is None
        await call.stop()


@pytest.mark.usefixtures("clean_loop")
async def test_a_file_that_cannot_be_written_is_an_error_of_start_that_says_what_to_do() -> None:
    async with MicdropServer() as server:
        call, mic, events = ready_client(server.url, record="/proc/call.wav")
        with pytest.raises(OSError, match=r"record: '/proc/call.wav' cannot be written .* Give the path of a WAV file"):
            await call.start()
        assert events.all == []
        assert mic.opened == 0
        await call.start(record=True)
        await call.stop()


@pytest.mark.usefixtures("clean_loop")
async def test_a_start_that_fails_leaves_an_earlier_file_as_it_is_and_makes_none(tmp_path: Path) -> None:
    earlier, fresh = tmp_path / "earlier.wav", tmp_path / "fresh.wav"
    earlier.write_bytes(b"precious")
    for path in (earlier, fresh):
        call, _, _ = ready_client(None, record=path)
        with pytest.raises(MicdropError, match="MissingUrl"):
            await call.start()
    assert earlier.read_bytes() == b"precious"
    assert not fresh.exists()


@pytest.mark.usefixtures("clean_loop")
async def test_a_disk_that_fails_ends_the_file_and_not_the_call(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "micdrop_widget.history.writer"):
        call = await hold_call(turns_over(20), VirtualSpeaker(pace="fast"), Path("/dev/full"))
    assert len(sounding(recorded(call).microphone)) == len(loud(20))
    (said,) = caplog.messages
    assert said.startswith("record: /dev/full ends after 0 bytes")


def test_a_file_is_whole_after_each_write_as_if_the_process_died_then(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    file = RecordingFile(path)
    samples = np.arange(20_000, dtype=np.int16).reshape(-1, 2)
    for end in (1, 500, 10_000):
        file.add(samples[len(stereo(path)) if path.stat().st_size else 0 : end])
        file.write()
        assert np.array_equal(stereo(path), samples[:end])
    file.close()
    file.close()
    file.add(samples)
    file.write()
    assert len(stereo(path)) == 10_000


async def test_the_recording_of_a_widget_stays_in_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    page = FakeFrontEnd(monkeypatch)
    server = MicdropServer().start()
    call = MicdropWidget(server.url, vad=LoudVAD())
    page.show(call)
    await call.start()
    page.speak(turns_over(20))
    await call.until(isAssistantSpeaking=True, timeout=10)
    await call.stop()
    recording = recorded(call)
    call.close()
    server.stop()
    assert np.array_equal(sounding(recording.microphone), loud(20))
    heard = sounding(recording.assistant)
    assert 0 < len(heard) <= len(np.concatenate(page.heard))
    assert "recording" not in call.trait_names()
    assert "Recording" not in json.dumps(page.published, default=repr)
