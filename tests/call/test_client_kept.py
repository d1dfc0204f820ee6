"""A call that is kept: saved in a folder or written to one while it goes on, and loaded again."""

from __future__ import annotations

import asyncio
import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import (
    MicdropClient,
    MicdropError,
    MicdropServer,
    SavedCall,
    TextMessage,
    load_call,
    load_calls,
)
from micdrop_widget.audio import Pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.history import call_folder
from micdrop_widget.protocol import CancelLastUserMessage, SkipAnswer, encode_server_frame
from micdrop_widget.server import ServerCall
from tests.harness.callers import Events, LoudVAD, Mic, loud, quiet, ready_client, turns_over
from tests.harness.leaks import until
from tests.harness.servers import message, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")

SECRETS = {
    name: f"marker-of-{name}" for name in ("params", "header", "query", "subprotocol", "password", "function", "nested")
}
ANSWER = (np.sin(np.arange(8000) / 5) * 8000).astype(np.int16)


async def answer(call: ServerCall, utterance: Pcm) -> None:
    """Answer with half a second of sound, later than a round trip takes on a busy machine."""
    await asyncio.sleep(0.25)
    await call.send_message("user", "Wie spät?")
    await call.send_audio(ANSWER)
    await call.send_message("assistant", "Ten o'clock 🕙")


def client(url: str | None, **options: Any) -> tuple[MicdropClient, Mic, Events]:
    return ready_client(url, sink=VirtualSpeaker(pace="fast"), **options)


async def say(call: MicdropClient, mic: Mic) -> None:
    """Say something, and wait until the answer has been heard and settled."""
    count = len(call.turns)
    mic.say(turns_over(4))
    await until(
        lambda: (
            len(call.turns) > count
            and call.turns[-1].answer_end_ms is not None
            and call.turns[-1].assistant_message_ms is not None
        )
    )


def text_of(folder: Path) -> str:
    return "".join(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path) -> None:
    path.write_text("something else")


def assert_same(saved: SavedCall, call: MicdropClient) -> None:
    """Assert that what was loaded is what the call has."""
    assert saved.turns == call.turns
    assert saved.conversation == call.conversation
    assert saved.recording is not None
    assert call.recording is not None
    assert saved.events == call.recording.events
    assert saved.recording.start_s == call.recording.start_s == 0
    assert np.array_equal(saved.recording.microphone, call.recording.microphone)
    assert np.array_equal(saved.recording.assistant, call.recording.assistant)
    assert saved.recording.turns == call.turns


async def test_a_saved_call_is_loaded_as_it_was(tmp_path: Path) -> None:
    async with MicdropServer(answer, greeting=None) as server:
        call, mic, _ = client(server.url)
        async with call:
            await call.start()
            await say(call, mic)
            await say(call, mic)
            await call.stop()
    folder = call.save(tmp_path / "kept", turn_wavs=True)
    saved = load_call(folder)
    assert_same(saved, call)
    assert saved.is_complete
    assert saved.turns.to_frame().equals(call.turns.to_frame())
    assert repr(saved) == f"<SavedCall {str(folder)!r}: 2 turns>"
    assert saved.options["record"] is True
    assert saved.about["vad"] == {"name": "LoudVAD", "settings": {}}
    assert saved.about["versions"]["numpy"] == np.__version__
    assert saved.about["transport"]["connections"] == 1
    assert saved.about["duration_ms"] == saved.events[-1].time_ms
    assert "2 turns</p><table>" in saved._repr_html_()
    assert "Wie spät?" in saved._repr_html_()
    # every picture is the same
    assert saved.recording is not None
    assert call.recording is not None
    pictures = (saved.recording.plot(), call.recording.plot()), (saved.turns.plot(), call.turns.plot())
    for drawn, live in (*pictures, (saved.recording.plot(turn=1), call.recording.plot(turn=1))):
        assert drawn._repr_png_() == live._repr_png_()  # type: ignore[attr-defined]  # figures that show themselves
    # saved once more, from what was loaded
    again = load_call(saved.save(tmp_path / "copy"))
    assert_same(again, call)
    assert again.about == saved.about


async def test_each_turn_has_its_wavs_and_its_row_when_asked_for(tmp_path: Path) -> None:
    spoken = np.concatenate([quiet(4), turns_over(4), quiet(40)])
    async with MicdropServer(answer, greeting=None) as server:
        call = MicdropClient(server.url, source=spoken, vad=LoudVAD())
        async with call:
            await call.start()
            await until(lambda: call.turns and call.turns[0].answer_end_ms is not None)
            await call.stop()
    folder = call.save(tmp_path / "kept", turn_wavs=True)
    assert names(folder) == [
        "call.json",
        "call.wav",
        "conversation.jsonl",
        "events.jsonl",
        "metadata.jsonl",
        "turns",
        "turns.jsonl",
    ]
    assert names(folder / "turns") == ["0000-assistant.wav", "0000-user.wav"]
    whole, user, assistant = rows_of(folder / "metadata.jsonl")
    assert whole == {
        "file_name": "call.wav",
        "call": "kept",
        "turn": -1,
        "kind": "call",
        "side": "both",
        "start_ms": 0.0,
        "text": "user: Wie spät?\nassistant: Ten o'clock 🕙",
    }
    assert (user["file_name"], user["turn"], user["text"]) == ("turns/0000-user.wav", 0, "Wie spät?")
    assert (assistant["side"], assistant["text"]) == ("assistant", "Ten o'clock 🕙")
    assert whole.keys() == user.keys() == assistant.keys()
    heard = call_wav(folder / "turns" / "0000-assistant.wav")
    assert abs(len(heard) - len(ANSWER)) <= 512
    assert np.count_nonzero(heard) > 0.95 * np.count_nonzero(ANSWER)
    said = call_wav(folder / "turns" / "0000-user.wav")
    assert np.isin(loud(4), said).all()
    call.save(folder)
    assert names(folder / "turns") == []
    load_call(folder).save(folder, turn_wavs=True)  # into its own folder
    assert np.array_equal(call_wav(folder / "turns" / "0000-assistant.wav"), heard)
    assert_same(load_call(folder), call)


def call_wav(path: Path) -> Pcm:
    import soundfile

    pcm: Pcm = soundfile.read(path, dtype="int16")[0]
    return pcm


async def test_no_file_holds_a_secret(tmp_path: Path) -> None:
    async with MicdropServer(answer, greeting=None) as server:
        call, mic, _ = client(
            f"{server.url}?token={SECRETS['query']}",
            params={"token": SECRETS["params"], "more": {"nested": SECRETS["nested"]}},
            headers=lambda: {"Authorization": f"Bearer {SECRETS['header']} {SECRETS['function']}"},
            subprotocols=["micdrop", SECRETS["subprotocol"]],
            save_to=tmp_path / "calls",
        )
        async with call:
            await call.start()
            await say(call, mic)
            server_url = server.url
        call.save(tmp_path / "kept", turn_wavs=True)
    # a call that fails has errors among its events
    failed, _, events = client(
        f"ws://127.0.0.1:1/?token={SECRETS['query']}",
        proxy=f"http://user:{SECRETS['password']}@127.0.0.1:1",
        params={"token": SECRETS["params"]},
        save_to=tmp_path / "calls",
        reconnect={"max_attempts": 0},
    )
    async with failed:
        with pytest.raises(MicdropError):
            await failed.start()
    assert events.errors
    written = text_of(tmp_path)
    assert len(names(tmp_path / "calls")) == 2
    assert "Wie sp\\u00e4t?" in written or "Wie spät?" in written
    assert server_url.removeprefix("ws://") in written
    for secret in SECRETS.values():
        assert secret not in written


async def test_a_call_is_written_while_it_goes_on(tmp_path: Path) -> None:
    async with MicdropServer(answer, greeting=None) as server:
        call, mic, _ = client(server.url, save_to=tmp_path / "calls")
        assert call.saved_to is None
        async with call:
            await call.start()
            folder = call.saved_to
            assert folder is not None
            assert folder.parent == tmp_path / "calls"
            await say(call, mic)
            await until(lambda: load_call(folder).turns == call.turns and len(load_call(folder).conversation) == 2)
            running = load_call(folder)
            assert not running.is_complete
            assert repr(running) == f"<SavedCall {str(folder)!r}: 1 turns, which did not end properly>"
            assert running.events.of("Message") == call.recording.events.of("Message")
            with pytest.raises(ValueError, match="being written to"):
                call.save(folder)
            await say(call, mic)
            await call.stop()
            assert_same(load_call(folder), call)
            assert load_call(folder).is_complete
            await call.start()
            other = call.saved_to
            assert other != folder
            await call.start_mic()
            await call.stop()
            assert other is not None
            assert load_call(other).is_complete
    frame = load_calls(tmp_path / "calls" / "*")
    assert frame["call"].tolist() == [folder.name] * 2
    assert frame["turn"].tolist() == [0, 1]
    assert frame["user_text"].tolist() == ["Wie spät?"] * 2
    assert frame["vad"].tolist() == ["LoudVAD()"] * 2
    assert frame["started"].nunique() == 1


async def test_without_a_recording_there_is_no_sound_in_the_folder(tmp_path: Path) -> None:
    async with MicdropServer(answer, greeting=None) as server:
        call, mic, _ = client(server.url, save_to=tmp_path, record=False)
        async with call:
            await call.start()
            await say(call, mic)
        saved = load_call(call.save(tmp_path / "kept", turn_wavs=True))
    assert call.saved_to is not None
    for kept in (saved, load_call(call.saved_to)):
        assert kept.recording is None
        assert kept.turns == call.turns
        assert names(kept.path) == [
            "call.json",
            "conversation.jsonl",
            "events.jsonl",
            "turns.jsonl",
        ]


async def test_what_the_server_takes_back_is_taken_back_in_the_folder(tmp_path: Path) -> None:
    async def take_back(socket: ServerConnection) -> None:
        await socket.send(encode_server_frame(SkipAnswer()))
        async for frame in socket:
            if frame == "StopSpeaking":
                await socket.send(message("user", "No"))
                await socket.send(encode_server_frame(CancelLastUserMessage()))
                await socket.send(message("user", "Yes"))

    async with scripted(take_back) as url:
        call, mic, _ = client(url, save_to=tmp_path)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            folder = call.saved_to
            assert folder is not None
            await until(lambda: load_call(folder).conversation == (TextMessage("user", "Yes"),))
            await call.stop()
    assert load_call(folder).turns[0].cancelled


async def test_a_full_disk_ends_the_folder_and_not_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with MicdropServer(answer, greeting=None) as server:
        call, mic, events = client(server.url, save_to=tmp_path, record=False)
        async with call:
            await call.start()

            def refuse(path: Path, lines: str) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            monkeypatch.setattr(call_folder, "append", refuse)
            mic.say(turns_over(3))
            await until(lambda: events.errors)
            (error,) = events.errors
            assert error.message.endswith("ends here: No space left on device.")
            assert "call.save(folder)" in error.remedy
            monkeypatch.undo()
            await say(call, mic)
            assert call.state.isStarted
            await call.stop()
    assert call.saved_to is not None
    assert not load_call(call.saved_to).is_complete
    assert load_call(call.save(tmp_path / "kept")).turns == call.turns


async def test_a_folder_that_cannot_be_made_fails_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with MicdropServer(answer, greeting=None) as server:
        call, _, _ = client(server.url, save_to=tmp_path / "calls")
        write(tmp_path / "calls")
        async with call:
            with pytest.raises(MicdropError, match="The call cannot be kept in"):
                await call.start()
            assert call.saved_to is None


async def test_what_cannot_be_saved_is_refused(tmp_path: Path) -> None:
    call, mic, _ = client(None)
    with pytest.raises(RuntimeError, match="no call yet"):
        call.save(tmp_path / "kept")
    write(tmp_path / "notes.txt")
    async with MicdropServer(answer, greeting=None) as server, call:
        await call.start(url=server.url)
        mic.say(loud(2))
        await call.stop()
    with pytest.raises(FileExistsError, match="something else than a call"):
        call.save(tmp_path)
    assert names(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"save_to": 3}, "save_to: expected the path of a folder, or None, got int"),
        ({"save_to": "calls", "record": "call.wav"}, "with save_to the recording is in the folder of the call"),
        ({"save_to": "/dev/null"}, "expected the path of a folder, got the file '/dev/null'"),
    ],
)
def test_the_option_is_checked(options: dict[str, Any], refusal: str) -> None:
    with pytest.raises((TypeError, ValueError), match=refusal):
        MicdropClient(**options)
