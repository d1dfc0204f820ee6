"""The folder of a call, as it is read: what is whole, cut off, foreign, of a later version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from micdrop_widget import load_call, load_calls
from micdrop_widget.history import call_folder
from micdrop_widget.history.call_content import CallContent
from micdrop_widget.history.event_log import CallEvent, EventLog
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.protocol import ConversationItem, TextMessage, ToolCallMessage, ToolResultMessage
from tests.analysis.calls import recording_of

ABOUT = {
    "started": "2026-11-28T09:15:06.123+00:00",
    "is_complete": True,
    "vad": {"name": "VolumeVAD", "settings": {"threshold": -50}},
    "turn_detector": None,
    "options": {"vad": "volume"},
}
CONVERSATION: tuple[ConversationItem, ...] = (
    TextMessage("user", "Two\nlines \u2028 and “more”", {"stage_times_ms": {"stt": 3.5}}),
    ToolCallMessage("1", "clock", "{}"),
    ToolResultMessage("1", "clock", '"10:00"'),
)
TURNS = Turns([Turn("greeting", heard_ms=10.0), Turn(stopped_ms=2000.0, user_text="Two")])
EVENTS = EventLog([CallEvent(0.0, 0, "Start", "{}"), CallEvent(2000.0, 32_000, "sent.StopSpeaking", "{}")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return CallContent(ABOUT, TURNS, CONVERSATION, EVENTS, None).save(tmp_path / "kept", turn_wavs=False)


def test_what_was_kept_is_read(folder: Path) -> None:
    saved = load_call(folder)
    assert (saved.turns, saved.conversation, saved.events) == (TURNS, CONVERSATION, EVENTS)
    assert saved.about == {"format": 1, **ABOUT}
    assert (saved.name, saved.is_complete, saved.options, saved.recording) == ("kept", True, {"vad": "volume"}, None)


@pytest.mark.parametrize("file", [call_folder.TURNS, call_folder.CONVERSATION, call_folder.EVENTS])
def test_a_line_that_was_cut_off_is_not_read(folder: Path, file: str) -> None:
    whole = (folder / file).read_bytes()
    before = load_call(folder)
    events = tuple(before.events)
    cut = whole[: whole[:-1].rindex(b"\n") + 1]
    for end in range(len(cut), len(whole)):
        (folder / file).write_bytes(whole[:end])
        saved = load_call(folder)
        known = (saved.turns, saved.conversation, tuple(saved.events))
        assert known == (
            before.turns[:-1] if file == call_folder.TURNS else before.turns,
            before.conversation[:-1] if file == call_folder.CONVERSATION else before.conversation,
            events[:-1] if file == call_folder.EVENTS else events,
        )


def test_files_that_are_not_there_yet_hold_nothing(folder: Path) -> None:
    for file in (call_folder.TURNS, call_folder.CONVERSATION, call_folder.EVENTS):
        (folder / file).unlink()
    saved = load_call(folder)
    assert (len(saved.turns), saved.conversation, len(saved.events)) == (0, (), 0)


def test_of_several_lines_of_one_turn_the_last_counts(folder: Path) -> None:
    later = Turn(stopped_ms=2000.0, user_text="Two", heard_ms=2500.0)
    call_folder.append(folder / call_folder.TURNS, call_folder.turn_lines([(2, Turn()), (1, later)]))
    assert load_call(folder).turns == Turns([TURNS[0], later, Turn()])


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        (call_folder.TURNS, '{"turn": 0, "kind": "strange"}', "turns.jsonl', line 3: expected a turn of kind"),
        (call_folder.TURNS, '{"kind": "user"}', "line 3: expected the number of the turn"),
        (call_folder.TURNS, "[]", "line 3: expected a JSON object, got list"),
        (call_folder.CONVERSATION, '{"role": "judge"}', "conversation.jsonl', line 4: unknown role 'judge'"),
        (call_folder.CONVERSATION, "{", "line 4: no JSON"),
    ],
)
def test_a_line_that_is_something_else_is_named(folder: Path, file: str, line: str, said: str) -> None:
    call_folder.append(folder / file, line + "\n")
    with pytest.raises(ValueError, match=said):
        load_call(folder)


def test_a_wrong_event_is_named_when_events_are_read(folder: Path) -> None:
    call_folder.append(folder / call_folder.EVENTS, "{}\n")
    saved = load_call(folder)
    with pytest.raises(ValueError, match=r"events.jsonl', line 3: expected an event"):
        saved.events  # noqa: B018 - the access is the test


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "expected a JSON object"),
        ('{"format": 2}', "of format 2, this version reads up to 1"),
    ],
)
def test_a_folder_of_another_kind_is_refused(folder: Path, about: str, said: str) -> None:
    (folder / call_folder.ABOUT).write_text(about)
    with pytest.raises(ValueError, match=said):
        load_call(folder)


def test_a_folder_without_a_call_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected call.json in it"):
        load_call(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder of a call there"):
        load_calls(tmp_path / "*")


def test_a_call_is_saved_over_a_call_and_nothing_else_is_touched(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    CallContent(ABOUT, TURNS[:1], (), EVENTS, None).save(folder, turn_wavs=False)
    assert load_call(folder).turns == TURNS[:1]
    assert load_call(folder).conversation == ()
    assert (folder / "notes.txt").read_text() == "mine"


def test_many_calls_are_one_frame(folder: Path) -> None:
    other = {**ABOUT, "vad": [{"name": "A", "settings": {}}, {"name": "B", "settings": {"x": 1}}]}
    CallContent(other, TURNS[1:], (), EVENTS, None).save(folder.parent / "other", turn_wavs=False)
    CallContent(ABOUT, Turns(), (), EVENTS, None).save(folder.parent / "without_turns", turn_wavs=False)
    (folder.parent / "notes").mkdir()
    frame = load_calls(folder.parent / "*")
    assert frame["call"].tolist() == ["kept", "kept", "other"]
    assert frame["turn"].tolist() == [0, 1, 0]
    assert frame["vad"].tolist() == ["VolumeVAD(threshold=-50)"] * 2 + ["A() + B(x=1)"]
    assert frame["turn_detector"].isna().all()
    assert frame["started"].dt.hour.tolist() == [9, 9, 9]
    assert frame["user_text"].tolist()[1:] == ["Two", "Two"]
    assert frame["stopped_sample"].tolist()[1:] == [32_000, 32_000]
    empty = load_calls([folder.parent / "without_turns"])
    assert len(empty) == 0
    assert empty.dtypes.equals(frame.dtypes)
    assert load_calls([load_call(folder)]).equals(frame[:2])


def test_a_call_that_begins_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call_folder.create(tmp_path / "calls" / "one", ABOUT)
    assert json.loads((tmp_path / "calls" / "one" / "call.json").read_text())["format"] == 1
    with pytest.raises(FileExistsError):
        call_folder.create(tmp_path / "calls" / "one", ABOUT)

    def refuse(folder: Path, about: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call_folder, "write_about", refuse)
    with pytest.raises(OSError, match="No space left"):
        call_folder.create(tmp_path / "calls" / "two", ABOUT)
    assert [path.name for path in (tmp_path / "calls").iterdir()] == ["one"]


def test_a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(folder.iterdir())
    recording = recording_of(1.0)
    content = CallContent(ABOUT, TURNS[:1], CONVERSATION, EVENTS, recording)

    def refuse(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", refuse)
        with pytest.raises(OSError, match="No space left"):
            content.save(folder, turn_wavs=False)
    assert sorted(folder.iterdir()) == before
    assert load_call(folder).turns == TURNS
    with monkeypatch.context() as patch:
        patch.setattr(type(recording), "save", refuse)
        with pytest.raises(OSError, match="No space left"):
            content.save(folder, turn_wavs=False)
    assert sorted(folder.iterdir()) == before


def test_sounds_of_turns_are_those_that_are_recorded_and_other_files_stay(tmp_path: Path) -> None:
    recording = recording_of(4.0)
    said = Turn(speech_start_ms=900.0, speech_end_ms=1100.0)
    heard = Turn("greeting", heard_ms=950.0, answer_end_ms=1050.0)
    gone = Turn(speech_start_ms=90_000.0, speech_end_ms=91_000.0, heard_ms=92_000.0, answer_end_ms=93_000.0)
    folder = tmp_path / "kept"
    content = CallContent(ABOUT, Turns([said, heard, gone]), (), EVENTS, recording)
    content.save(folder, turn_wavs=True)
    (folder / "turns" / "mine.wav").write_bytes(b"RIFF")
    content.save(folder, turn_wavs=True)
    assert sorted(path.name for path in (folder / "turns").iterdir()) == [
        "0000-user.wav",
        "0001-assistant.wav",
        "mine.wav",
    ]
