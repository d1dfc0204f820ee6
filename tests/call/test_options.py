"""The options of a call: what is accepted, what is refused and how, and what is never shown."""

from __future__ import annotations

import ssl
import traceback
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micdrop_widget.call.options import CallOptions, describes_options, masked_url
from micdrop_widget.call.sinks import VirtualSpeaker, as_sink
from micdrop_widget.call.sources import ArraySource, NoSource, as_source
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.turn import SmartTurn
from micdrop_widget.vad import SileroVAD, VolumeVAD

SECRET = "hunter2"


def message_of(options: dict[str, Any]) -> str:
    """Return what the refusal of options says, its traceback included."""
    with pytest.raises((TypeError, ValueError)) as refusal:
        CallOptions.of(options)
    return "".join(traceback.format_exception(refusal.value))


def test_the_defaults_are_those_of_the_design() -> None:
    options = CallOptions()
    assert options.url is None
    assert options.params is None
    assert options.vad == "silero"
    assert options.disable_interruption is False
    assert (options.echo_cancellation, options.noise_suppression, options.auto_gain_control) == (True, True, True)
    assert options.record is True
    assert (options.turn_detector, options.turn_max_wait_ms) == (None, 4000)
    assert (options.headers, options.ssl, options.ping_interval_s) == (None, None, 20)
    assert options.reconnect == Reconnect(
        max_attempts=None, delay_ms=1000, max_delay_ms=10_000, connection_timeout_ms=5000
    )


@pytest.mark.parametrize(
    "url",
    [
        "ws://localhost:8081",
        "wss://example.org",
        "wss://example.org:443/call/1?lang=fr",
        "ws://[::1]:8081/",
        "WS://LOCALHOST",
    ],
)
def test_a_websocket_address_is_accepted(url: str) -> None:
    assert CallOptions(url=url).url == url


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8081", "http://localhost", "ws:/localhost", "ws://", "ws://:8081", "//localhost", " ws//x"],
)
def test_anything_else_is_refused_with_an_example_and_what_was_given(url: str) -> None:
    with pytest.raises(ValueError, match=r"url: expected a WebSocket address like 'ws://localhost:8081'") as refusal:
        CallOptions(url=url)
    assert repr(url) in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    ["ws://localhost:abc", "ws://localhost:99999", "ws://localhost:0", "ws://localhost:-1", "ws://[::1", "ws://[x]/"],
)
def test_a_port_or_address_that_nobody_can_connect_to_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url: expected a WebSocket address"):
        CallOptions(url=url)


@pytest.mark.parametrize(
    "url",
    [
        f"http://host/?token={SECRET}",
        f"host?token={SECRET}@x",
        f"http://me:{SECRET}@host/",
        f"ws://me:{SECRET}/word@host/",
        f"ws://me:{SECRET}?word@host/",
        f"ws://me:{SECRET}@host:port/",
        f"ws://host:port/#{SECRET}",
        f"ws://[{SECRET}@::1/",
    ],
)
def test_the_refusal_of_a_url_shows_no_secret(url: str) -> None:
    assert SECRET not in message_of({"url": url})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://localhost:8081", "ws://localhost:8081"),
        (f"wss://me:{SECRET}@example.org:1/call?token={SECRET}", "wss://example.org:1/call?…"),
        (f"wss://example.org/call#{SECRET}", "wss://example.org/call?…"),
    ],
)
def test_a_masked_url_keeps_only_where_it_leads(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_a_url_of_another_type_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"url: expected a str like 'ws://localhost:8081', got bytes"):
        CallOptions.of({"url": b"ws://localhost"})


@pytest.mark.parametrize(
    ("option", "near"),
    [
        ("URL", "expected one of url, params, vad"),
        ("param", "did you mean 'params'?"),
        ("disableInterruption", "did you mean 'disable_interruption'?"),
        ("reconect", "did you mean 'reconnect'?"),
        ("zzzz", "expected one of url, params, vad"),
    ],
)
def test_an_unknown_option_is_a_type_error_that_names_the_nearest_known_one(option: str, near: str) -> None:
    assert f"unknown option {option!r}" in message_of({option: 1})
    assert near in message_of({option: 1})
    with pytest.raises(TypeError):
        CallOptions().merged({option: 1})


def test_options_given_later_are_put_over_the_earlier_ones_and_the_rest_sticks() -> None:
    first = CallOptions(url="ws://a", params={"k": 1}, vad="volume")
    second = first.merged({"url": "ws://b"})
    assert (second.url, second.params, second.vad) == ("ws://b", {"k": 1}, "volume")
    assert first.url == "ws://a"
    assert first.merged({}) == first
    assert second.merged({"params": None}).params is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (f"wss://{SECRET}@example.invalid/call", "has a user name before the host"),
        (f"ws://me:{SECRET}@127.0.0.1:8081", "has a user name before the host"),
        (f"ws://host/call?key={SECRET}#{SECRET}", "has a fragment"),
        ("ws://host/call#", "has a fragment"),
        (f"ws://host/a call?key={SECRET}", "has a blank in it"),
        (f"ws://host/call?key={SECRET} ", "has a blank in it"),
        ("ws://host/call\n", "has a blank in it"),
    ],
)
def test_a_url_that_no_server_can_use_is_refused_without_its_secret(url: str, problem: str) -> None:
    message = message_of({"url": url})
    assert "\nValueError: url: " in message
    assert problem in message
    assert SECRET not in message


@pytest.mark.parametrize("name", ["Sec-WebSocket-Protocol", "sec-websocket-key", "Host", "Connection", "Upgrade"])
def test_headers_that_the_handshake_sets_are_refused(name: str) -> None:
    message = message_of({"headers": {name: SECRET}})
    assert f"ValueError: headers: {name!r} is set by the handshake itself" in message
    assert ("subprotocols=" in message) is (name == "Sec-WebSocket-Protocol")
    assert SECRET not in message


@pytest.mark.parametrize("headers", [{"X-Key": f"{SECRET}\r\nX-Other: 1"}, {"X Key": SECRET}, {"": SECRET}])
def test_headers_that_would_break_the_request_are_refused(headers: object) -> None:
    message = message_of({"headers": headers})
    assert "\nValueError: headers: " in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("subprotocols", "error"),
    [
        ("micdrop", "TypeError"),
        (3, "TypeError"),
        (["mic drop"], "ValueError"),
        ([""], "ValueError"),
        ([1], "ValueError"),
    ],
)
def test_subprotocols_that_are_no_list_of_names_are_refused(subprotocols: object, error: str) -> None:
    assert f"\n{error}: subprotocols: " in message_of({"subprotocols": subprotocols})


@pytest.mark.parametrize(
    "params",
    [SECRET, [SECRET], {"t": object()}, {"t": {SECRET}}, {"t": float("nan"), "s": SECRET}, {(SECRET,): 1}],
)
def test_params_that_are_no_json_object_are_refused_without_being_quoted(params: object) -> None:
    message = message_of({"params": params})
    assert "params: expected a dict" in message
    assert SECRET not in message


@pytest.mark.parametrize("headers", [SECRET, [("a", SECRET)], {"a": SECRET.encode()}, {1: SECRET}, {"a": None}])
def test_headers_that_are_no_dict_of_str_are_refused_without_being_quoted(headers: object) -> None:
    message = message_of({"headers": headers})
    assert "TypeError: headers: expected a dict of str to str" in message
    assert SECRET not in message


def test_no_repr_of_options_shows_a_secret() -> None:
    options = CallOptions(
        url=f"wss://host/?key={SECRET}",
        params={"authorization": SECRET},
        headers={"X-Key": SECRET},
        ssl=ssl.create_default_context(),
    )
    for shown in (repr(options), str(options), f"{options}", repr([options])):
        assert SECRET not in shown
    assert repr(options) == ("CallOptions(url='wss://host/?…', vad='silero', params=…, headers=…)")
    assert repr(CallOptions()) == "CallOptions(url=None, vad='silero')"


@pytest.mark.parametrize("vad", ["volume", "silero", VolumeVAD(), [SileroVAD(), "volume"], ("volume",)])
def test_a_vad_is_a_name_a_detector_or_a_list_of_both(vad: Any) -> None:
    assert CallOptions(vad=vad).vad is vad


@pytest.mark.parametrize("vad", ["webrtc", [], ["volume", "x"], 3, None])
def test_another_vad_is_refused(vad: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"vad|VAD"):
        CallOptions(vad=vad)


@pytest.mark.parametrize("ping_interval_s", [0, -1])
def test_a_ping_interval_is_positive_or_none(ping_interval_s: float) -> None:
    assert CallOptions(ping_interval_s=None).ping_interval_s is None
    with pytest.raises(ValueError, match="ping_interval_s: expected seconds or None"):
        CallOptions(ping_interval_s=ping_interval_s)


def test_a_recording_is_kept_or_not_or_goes_to_a_path(tmp_path: Path) -> None:
    for record in (True, False, tmp_path / "call.wav", str(tmp_path / "call.wav")):
        assert CallOptions.of({"record": record}).record == record


def test_a_recording_that_cannot_be_written_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "absent"
    assert f"'{folder}/call.wav' cannot be written: make the folder '{folder}' first" in message_of(
        {"record": folder / "call.wav"}
    )
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda path, mode: False)  # root may write everywhere
        assert f"'{tmp_path}/call.wav' cannot be written: give a path that you may write to" in message_of(
            {"record": tmp_path / "call.wav"}
        )
    assert f"got the folder '{tmp_path}': add a file name" in message_of({"record": str(tmp_path)})
    assert "record: expected the path of a WAV file" in message_of({"record": ""})
    assert "record: expected True, False or the path of a WAV file, got int" in message_of({"record": 1})
    assert "record: expected True, False or the path of a WAV file, got NoneType" in message_of({"record": None})


@pytest.mark.parametrize("name", ["echo_cancellation", "noise_suppression", "auto_gain_control"])
def test_what_the_browser_is_asked_for_is_true_or_false(name: str) -> None:
    assert getattr(CallOptions.of({name: False}), name) is False
    for wrong in (None, 0, "off"):
        with pytest.raises(TypeError, match=f"{name}: expected True or False, got {wrong!r}"):
            CallOptions.of({name: wrong})


def test_reconnect_may_be_given_as_a_dict() -> None:
    assert CallOptions.of({"reconnect": {"max_attempts": 3}}).reconnect == Reconnect(max_attempts=3)
    assert CallOptions().merged({"reconnect": {"delay_ms": 5}}).reconnect == Reconnect(delay_ms=5)
    assert "did you mean 'max_attempts'?" in message_of({"reconnect": {"maxAttempts": 3}})
    assert "reconnect: expected a Reconnect or a dict, got bool" in message_of({"reconnect": True})


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": -1},
        {"delay_ms": -1},
        {"delay_ms": 20_000},
        {"delay_ms": float("nan")},
        {"connection_timeout_ms": 0},
        {"connection_timeout_ms": float("nan")},
    ],
)
def test_a_reconnect_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Reconnect"):
        Reconnect(**wrong)


def test_the_wait_doubles_with_each_attempt_up_to_its_maximum() -> None:
    reconnect = Reconnect(delay_ms=1000, max_delay_ms=10_000)
    assert [reconnect.delay_before(attempt) for attempt in (1, 2, 3, 4, 5, 6, 10_000)] == [
        1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
    ]  # fmt: skip
    assert Reconnect(delay_ms=0).delay_before(7) == 0


def test_attempts_are_limited_endless_or_none() -> None:
    assert [Reconnect(max_attempts=2).allows(attempt) for attempt in (1, 2, 3)] == [True, True, False]
    assert not Reconnect(max_attempts=0).allows(1)
    assert Reconnect().allows(10**9)


def test_a_turn_detector_is_one_or_none() -> None:
    detector = SmartTurn()
    assert CallOptions(turn_detector=detector, turn_max_wait_ms=0).turn_detector is detector
    refused = message_of({"turn_detector": "smart"})
    assert "turn_detector: expected a TurnDetector like SmartTurn(), or None, got 'smart'" in refused


@pytest.mark.parametrize("wait_ms", [-1, float("nan")])
def test_a_turn_waits_for_a_while_and_not_for_less_than_nothing(wait_ms: float) -> None:
    assert "turn_max_wait_ms: expected milliseconds, 0 or more" in message_of({"turn_max_wait_ms": wait_ms})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *(
            (name, "False", "True or False")
            for name in CallOptions.__slots__
            if CallOptions.__annotations__[name] == "bool"
        ),
        ("debug_log", 1, "True or False"),
        ("turn_max_wait_ms", "4000", "milliseconds, 0 or more"),
        ("turn_max_wait_ms", True, "milliseconds, 0 or more"),
        ("ping_interval_s", "20", "seconds or None"),
        ("ping_interval_s", False, "seconds or None"),
        ("ssl", True, "an ssl.SSLContext or None"),
    ],
)
def test_a_value_of_another_type_is_refused_by_the_name_of_its_option(name: str, value: object, expected: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name}: expected {expected}, got {value!r}$"):
        CallOptions.of({name: value})


@pytest.mark.parametrize("name", ["turn_max_wait_ms", "ping_interval_s"])
def test_numbers_of_every_kind_are_numbers(name: str) -> None:
    for value in (3, 2.5, np.float32(2), np.int64(3), Fraction(1, 2)):
        assert getattr(CallOptions.of({name: value}), name) == value
    with pytest.raises(ValueError, match=f"{name}: expected"):
        CallOptions.of({name: float("nan")})


def test_a_place_that_cannot_be_written_is_refused_when_it_is_chosen_and_not_again_with_other_options(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    options = CallOptions.of({"record": folder / "call.wav"})
    folder.rmdir()
    assert options.merged({"debug_log": True}).debug_log
    with pytest.raises(ValueError, match="make the folder"):
        options.merged({"record": folder / "other.wav"})


def test_a_class_is_no_microphone_and_no_loudspeaker() -> None:
    with pytest.raises(TypeError, match="sink: expected an AudioSink like VirtualSpeaker"):
        as_sink(VirtualSpeaker)  # type: ignore[arg-type]
    for kind in (NoSource, ArraySource):
        with pytest.raises(TypeError, match=rf"source: expected an AudioSource, got the class: {kind.__name__}\(…\)"):
            as_source(kind)  # type: ignore[arg-type]


def test_the_lines_of_the_options_are_left_out_where_docstrings_are() -> None:
    def documented() -> None:
        """Do it.

        <options>
        """

    def stripped() -> None: ...

    stripped.__doc__ = None
    assert describes_options(stripped).__doc__ is None
    described = describes_options(documented).__doc__
    assert described is not None
    assert described.startswith("Do it.\n\nparams\n    JSON object")
    assert described.endswith("(the widget also prints it).")


def test_subprotocols_are_names_in_order_of_preference() -> None:
    assert CallOptions(subprotocols=["micdrop.v2", "micdrop"]).subprotocols == ["micdrop.v2", "micdrop"]
