"""Every frame of the wire, both directions, byte by byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from micdrop_widget import protocol as wire

SERVER_FRAMES: list[tuple[str | bytes, wire.ServerFrame]] = [
    (
        'Message {"role": "system", "content": "Be brief."}',
        wire.Message(wire.TextMessage("system", "Be brief.")),
    ),
    ('Message {"role": "user", "content": "Hi"}', wire.Message(wire.TextMessage("user", "Hi"))),
    (
        'Message {"role": "assistant", "content": "Hello", "metadata": {"commands": {"skip": true}}}',
        wire.Message(wire.TextMessage("assistant", "Hello", {"commands": {"skip": True}})),
    ),
    (
        'Message {"toolCallId": "c1", "toolName": "weather", "parameters": "{\\"city\\":\\"Paris\\"}", '
        '"role": "tool_call"}',
        wire.Message(wire.ToolCallMessage("c1", "weather", '{"city":"Paris"}')),
    ),
    (
        'Message {"toolCallId": "c1", "toolName": "weather", "output": "{\\"sun\\":1}", "role": "tool_result"}',
        wire.Message(wire.ToolResultMessage("c1", "weather", '{"sun":1}')),
    ),
    ("CancelLastUserMessage", wire.CancelLastUserMessage()),
    ("SkipAnswer", wire.SkipAnswer()),
    ("EndCall", wire.EndCall()),
    (
        'ToolCall {"name": "weather", "parameters": {"city": "Paris"}, "output": [1, null]}',
        wire.ToolCall("weather", {"city": "Paris"}, [1, None]),
    ),
    ('PartialAssistantMessage "The wea"', wire.PartialAssistantMessage("The wea")),
    (
        'Classification {"input": "Bye", "result": {"end": true}, "duration": 12.5}',
        wire.Classification("Bye", {"end": True}, 12.5),
    ),
    (b"\x01\x00\xff", wire.Audio(b"\x01\x00\xff")),
]


@pytest.mark.parametrize(("text", "frame"), SERVER_FRAMES)
def test_a_server_frame_reads_and_writes_as_the_protocol_says(text: str | bytes, frame: wire.ServerFrame) -> None:
    assert wire.parse_server_frame(text) == frame
    assert wire.encode_server_frame(frame) == text


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('Message  {"role":"user","content":"two spaces"}', wire.Message(wire.TextMessage("user", "two spaces"))),
        (
            'Message {"role":"user","content":"a","metadata":null,"more":[1]}',
            wire.Message(wire.TextMessage("user", "a")),
        ),
        ('ToolCall {"name": "t"}', wire.ToolCall("t")),
        ('Classification {"input": "x", "result": "y"}', wire.Classification("x", "y", 0)),
        ('PartialAssistantMessage ""', wire.PartialAssistantMessage("")),
        ("EndCall {}", wire.EndCall()),
        ("SkipAnswer now", wire.SkipAnswer()),
    ],
)
def test_a_server_may_say_more_or_less_than_expected(text: str, frame: wire.ServerFrame) -> None:
    assert wire.parse_server_frame(text) == frame


@pytest.mark.parametrize(
    "text", ["", " ", "endcall", "EndCalls", "Message:{}", "Messages {}", "Mute", "StartSpeaking", "\n", "😀"]
)
def test_an_unknown_name_is_named(text: str) -> None:
    assert wire.parse_server_frame(text) == wire.Unknown(text.partition(" ")[0])


def test_a_very_long_unknown_name_is_cut() -> None:
    assert wire.parse_server_frame("x" * 10_000_000) == wire.Unknown("x" * 80)


MALFORMED = [
    "Message",
    "Message ",
    "Message {",
    "Message null",
    "Message []",
    'Message "hello"',
    "Message {}",
    'Message {"role": "robot", "content": "x"}',
    'Message {"role": ["user"], "content": "x"}',
    'Message {"role": "user"}',
    'Message {"role": "user", "content": 1}',
    'Message {"role": "user", "content": "x", "metadata": "y"}',
    'Message {"role": "tool_call", "toolCallId": "1", "toolName": "t", "parameters": {}}',
    'Message {"role": "tool_result", "toolCallId": "1", "toolName": "t"}',
    'Message {"role": "user", "content": "x", "metadata": {"a": NaN}}',
    'Message {"role": "user", "content": "x", "metadata": {"a": 1e999}}',
    "PartialAssistantMessage",
    "PartialAssistantMessage {}",
    "PartialAssistantMessage plain words",
    "ToolCall []",
    'ToolCall {"parameters": {}}',
    "Classification 3",
    'Classification {"input": "x", "result": "y", "duration": "1"}',
    'Classification {"input": "x", "result": "y", "duration": true}',
    'Classification {"input": "x", "result": "y", "duration": NaN}',
    "Message " + "[" * 200_000,
    "Message " + "1" * 5000,
]


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:60])
def test_a_payload_that_cannot_be_read_is_malformed_with_a_short_reason(text: str) -> None:
    frame = wire.parse_server_frame(text)
    assert isinstance(frame, wire.Malformed)
    assert frame.name == text.partition(" ")[0]
    assert 0 < len(frame.reason) <= 200


def test_the_reason_stays_short_when_the_payload_is_long() -> None:
    frame = wire.parse_server_frame(f'Message {{"role": "{"x" * 1_000_000}"}}')
    assert isinstance(frame, wire.Malformed)
    assert len(frame.reason) == 200


def test_half_an_emoji_is_replaced_so_that_the_text_can_be_written_again() -> None:
    frame = wire.parse_server_frame('PartialAssistantMessage "wait \\ud83d"')
    assert frame == wire.PartialAssistantMessage("wait ?")
    item = wire.parse_server_frame('Message {"role":"user","content":"a","metadata":{"\\udc00":["\\ud800"]}}')
    assert item == wire.Message(wire.TextMessage("user", "a", {"?": ["?"]}))
    assert wire.parse_server_frame('PartialAssistantMessage "\\ud83d\\ude00"') == wire.PartialAssistantMessage("😀")


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=3)
items: st.SearchStrategy[wire.ConversationItem] = st.one_of(
    st.builds(wire.TextMessage, st.sampled_from(["system", "user", "assistant"]), st.text(), st.none() | json_objects),
    st.builds(wire.ToolCallMessage, st.text(), st.text(), st.text()),
    st.builds(wire.ToolResultMessage, st.text(), st.text(), st.text()),
)
server_frames: st.SearchStrategy[wire.ServerFrame] = st.one_of(
    st.builds(wire.Message, items),
    st.builds(wire.ToolCall, st.text(), json_values, json_values),
    st.builds(wire.PartialAssistantMessage, st.text()),
    st.builds(wire.Classification, json_values, json_values, st.floats(0, 1e6)),
    st.builds(wire.Audio, st.binary()),
    st.sampled_from([wire.CancelLastUserMessage(), wire.SkipAnswer(), wire.EndCall()]),
)


@given(server_frames)
def test_what_a_server_writes_is_what_a_client_reads(frame: wire.ServerFrame) -> None:
    assert wire.parse_server_frame(wire.encode_server_frame(frame)) == frame


@given(st.text())
@example("Message")
def test_no_text_of_a_server_raises(text: str) -> None:
    wire.parse_server_frame(text)


@given(st.sampled_from(["Message", "ToolCall", "PartialAssistantMessage", "Classification"]), json_values | st.text())
def test_no_payload_of_a_known_name_raises(name: str, payload: Any) -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    frame = wire.parse_server_frame(f"{name} {text}")
    assert type(frame).__name__ in (name, "Malformed")


item_keys = st.sampled_from(["role", "content", "metadata", "toolCallId", "toolName", "parameters", "output"])


@given(st.dictionaries(item_keys, json_values))
def test_no_message_of_the_right_keys_and_wrong_values_raises(payload: dict[str, Any]) -> None:
    payload.setdefault("role", "user")
    assert isinstance(wire.parse_server_frame(f"Message {json.dumps(payload)}"), wire.Message | wire.Malformed)


@given(st.binary())
def test_every_binary_frame_of_a_server_is_audio(data: bytes) -> None:
    assert wire.parse_server_frame(data) == wire.Audio(data)


@pytest.mark.parametrize("frame", [wire.Unknown("x"), wire.Malformed("Message", "why")])
def test_a_reading_is_no_frame_to_write(frame: wire.ServerFrame) -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        wire.encode_server_frame(frame)


# Client to server


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("StartSpeaking", wire.StartSpeaking()),
        ("StopSpeaking", wire.StopSpeaking()),
        ("Mute", wire.MuteCommand()),
    ],
)
def test_a_command_of_the_client_reads_and_writes_as_the_protocol_says(
    text: str, command: wire.StartSpeaking | wire.StopSpeaking | wire.MuteCommand
) -> None:
    assert wire.encode_client_frame(command) == text
    assert wire.parse_client_frame(text) == command
    assert wire.parse_client_frame(text.encode()) == command  # the server does not look at the flag


@pytest.mark.parametrize("length", range(15))
def test_up_to_14_bytes_are_a_command_even_when_they_came_as_audio(length: int) -> None:
    data = bytes(length)
    assert wire.parse_client_frame(data) == wire.Unknown(data.decode())


@pytest.mark.parametrize("length", [15, 16, 17, 3200])
def test_from_15_bytes_on_a_frame_is_audio_even_when_it_came_as_text(length: int) -> None:
    assert wire.parse_client_frame(b"a" * length) == wire.Audio(b"a" * length)
    assert wire.parse_client_frame("a" * length) == wire.Audio(b"a" * length)


def test_the_shortest_audio_frame_that_may_be_sent_is_taken_for_audio() -> None:
    assert wire.MIN_AUDIO_BYTES == 16
    assert isinstance(wire.parse_client_frame(bytes(wire.MIN_AUDIO_BYTES)), wire.Audio)


@given(st.binary(max_size=40) | st.text(max_size=40))
def test_no_frame_of_a_client_raises(frame: bytes | str) -> None:
    wire.parse_client_frame(frame)


def test_audio_and_items_keep_samples_out_of_reprs_and_nulls_off_the_wire() -> None:
    assert repr(wire.Audio(bytes(3200))) == "Audio(3200 bytes)"
    assert wire.item_to_json(wire.TextMessage("user", "a")) == {"role": "user", "content": "a"}
    assert wire.item_to_json(wire.ToolCallMessage("1", "t", "{}"))["role"] == "tool_call"


@pytest.mark.parametrize(
    ("audio", "kind"),
    [
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "a WAV file (RIFF)"),
        (b"RIFX\x00\x00\x00\x24WAVE", "a WAV file (RIFX)"),
        (b"ID3\x04\x00\x00", "an MP3 file (ID3)"),
        (b"OggS\x00\x02", "an Ogg file"),
        (b"\x1a\x45\xdf\xa3\x9f", "a WebM or Matroska file (EBML)"),
        (b"fLaC\x00\x00\x00\x22", "a FLAC file"),
        (b"FORM\x00\x00\x00\x2eAIFF", "an AIFF file"),
        (b"caff\x00\x01", "a CAF file"),
    ],
)
def test_audio_that_begins_like_a_file_is_known(audio: bytes, kind: str) -> None:
    assert wire.container_of(audio) == kind


@pytest.mark.parametrize("audio", [b"", b"RI", b"RIF", b"RIFT0000", b"\x00RIFF", bytes(64), b"\x1a\x45\xdf\xa2"])
def test_samples_are_taken_for_no_file(audio: bytes) -> None:
    assert wire.container_of(audio) is None
