"""The option `record` in whole calls: what is recorded, where, for how long, and what is not."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
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
from micdrop_widget.history import writer as writer_module
from micdrop_widget.history.writer import RecordingWriter
from micdrop_widget.server import ServerCall
from micdrop_widget.wav_file import wav_header
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
    recording.save(tmp_path / "saved.wav")
    assert path.read_bytes() == (tmp_path / "saved.wav").read_bytes()
    assert str(path) in repr(recording)


@pytest.mark.usefixtures("clean_loop")
async def test_the_file_grows_while_the_call_goes_on_and_is_readable_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    async with MicdropServer() as server:
        source = ArraySource(np.concatenate([turns_over(20), quiet(200)]))
        async with MicdropClient(server.url, source=source, vad=LoudVAD(), record=path) as call:
            await call.start()
            await until(lambda: path.exists() and path.stat().st_size > len(wav_header(0, 2)) and len(stereo(path)))
            assert call.state.isMicStarted
            written = stereo(path)
            assert len(written) > 8000
            assert np.array_equal(written[:, 0], recorded(call).microphone[: len(written)])


@pytest.mark.usefixtures("clean_loop")
async def test_nothing_is_recorded_when_recording_is_off() -> None:
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
        with pytest.raises(
            MicdropError, match=r"^Unknown: The recording '/proc/call.wav' cannot be written .* WAV file"
        ):
            await call.start()
        assert [event for event, _ in events.all] == ["StateChange", "Error"]
        assert str(call.state.error).startswith("Unknown: The recording '/proc/call.wav' cannot be written")
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
async def test_a_disk_that_is_full_ends_the_file_and_not_the_call(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "micdrop_widget.history.writer"):
        call = await hold_call(turns_over(20), VirtualSpeaker(pace="fast"), Path("/dev/full"))
    assert len(sounding(recorded(call).microphone)) == len(loud(20))
    said = "The recording in '/dev/full' ends after 0.0 s: No space left on device."
    assert caplog.messages == [f"record: {said}"]
    assert call.state.error is not None
    assert call.state.error.message == said


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


@pytest.mark.usefixtures("clean_loop")
async def test_a_disk_that_stalls_holds_up_neither_call_nor_loop_nor_other_threads(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # nobody reads it: after 64 kB each write waits
    async with MicdropServer() as server:
        source = ArraySource(np.concatenate([turns_over(40), quiet(30)] * 3), pace="fast")
        speaker = VirtualSpeaker(pace="fast")
        async with MicdropClient(server.url, source=source, sink=speaker, vad=LoudVAD(), record=pipe) as call:
            loop = asyncio.get_running_loop()
            await call.start()
            await call.until(isAssistantSpeaking=True, timeout=10)
            await call.until(isAssistantSpeaking=False, isMicStarted=False, timeout=10)
            assert await loop.run_in_executor(None, threading.active_count) >= 2, "the default executor is free"
            await call.stop()  # ends although the disk never takes the rest
    assert call.state.error is not None
    assert "the disk took longer than 2 s to take the rest" in call.state.error.message
    assert len(call.turns) == 3
    with pipe.open("rb", buffering=0) as reader:
        while not recording_threads_ended():
            os.set_blocking(reader.fileno(), False)
            reader.read(1 << 20)


def recording_threads_ended() -> bool:
    return not any(thread.name == "micdrop-record" for thread in threading.enumerate())


async def test_without_a_recording_there_is_nothing_to_write() -> None:
    errors: list[MicdropError] = []
    writer = RecordingWriter(live_source=False, live_sink=False, report=errors.append)
    writer.begin(False)
    writer.add_captured(loud(1), True)
    writer.add_playback(0, loud(1))
    writer.add_heard(0, 512)
    writer.flush(1)
    writer.end()
    await writer.closed()
    assert (writer.recording, errors) == (None, [])


def writer_at_one_second(monkeypatch: pytest.MonkeyPatch, *, live_sink: bool) -> tuple[RecordingWriter, list[float]]:
    """Return a writer that records, and its clock, which stands until it is set."""
    clock_ms = [1000.0]
    monkeypatch.setattr(writer_module, "_now_ms", lambda: clock_ms[0])
    writer = RecordingWriter(live_source=False, live_sink=live_sink, report=lambda error: None)
    writer.begin(True)
    return writer, clock_ms


async def test_frames_that_arrive_together_end_when_the_last_of_them_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    writer, clock_ms = writer_at_one_second(monkeypatch, live_sink=False)
    clock_ms[0] = 1200.0
    writer.add_captured(loud(1), True, behind=512)
    writer.add_captured(loud(1), True)
    writer.end()
    await writer.closed()
    assert writer.recording is not None
    assert np.flatnonzero(writer.recording.microphone).tolist() == list(range(3200 - 1024, 3200))


async def test_windows_are_placed_eight_at_once_or_when_their_place_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer, clock_ms = writer_at_one_second(monkeypatch, live_sink=False)
    recording = writer.recording
    assert recording is not None
    for count in range(1, 10):
        clock_ms[0] += 32
        writer.add_captured(loud(1), True)
        writer.add_probability(count / 10)
        assert np.count_nonzero(recording.microphone) == (8 * 512 if count == 9 else 0)
    assert writer.position(clock_ms[0]) == 9 * 512
    assert np.count_nonzero(recording.microphone) == 9 * 512
    writer.add_probability(1.0)  # of the window that was placed just now
    writer.end()
    await writer.closed()
    assert recording.speech_probability.tolist() == pytest.approx(
        [*(count / 10 for count in range(1, 9)), 1.0], abs=0.002
    )


async def test_what_was_heard_is_recorded_when_it_was_and_not_when_it_was_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer, clock_ms = writer_at_one_second(monkeypatch, live_sink=True)
    writer.add_playback(0, loud(2))
    clock_ms[0] = 1150.0
    writer.add_heard(0, 1024, 40.0)
    assert writer.recording is not None
    assert np.flatnonzero(writer.recording.assistant).tolist() == list(range(1760 - 1024, 1760))
    writer.end()
    await writer.closed()
