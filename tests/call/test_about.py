"""What is kept of a call as a whole."""

from __future__ import annotations

import json
import ssl
from dataclasses import fields
from typing import Any

import pytest

from micdrop_widget.call.about import MASK, describe_call, describe_options
from micdrop_widget.call.options import CallOptions
from micdrop_widget.devices import Microphone
from micdrop_widget.turn import SmartTurn
from micdrop_widget.vad import SileroVAD, VolumeVAD, build_vad


def test_every_option_is_kept_as_json() -> None:
    described = describe_options(CallOptions())
    assert list(described) == [option.name for option in fields(CallOptions)]
    assert json.loads(json.dumps(described)) == described
    assert (described["vad"], described["record"], described["turn_max_wait_ms"]) == ("silero", True, 4000)
    assert described["reconnect"]["max_delay_ms"] == 10_000


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"params": {"token": "secret"}}, MASK),
        ({"params": lambda: {}}, MASK),
        ({"headers": {"Authorization": "secret"}}, MASK),
        ({"subprotocols": ["secret"]}, MASK),
        ({"proxy": "http://secret:secret@example.org"}, MASK),
        ({"proxy": True}, True),
        ({"proxy": None}, None),
        ({"ssl": ssl.create_default_context()}, MASK),
        ({"url": "wss://example.org/call?secret=1"}, "wss://example.org/call?…"),
        ({"save_to": "calls"}, "calls"),
        ({"vad": VolumeVAD()}, "VolumeVAD"),
        ({"vad": ["silero", VolumeVAD()]}, ["silero", "VolumeVAD"]),
        ({"turn_detector": SmartTurn()}, "SmartTurn"),
    ],
)
def test_of_what_may_be_secret_is_kept_that_it_was_given(options: dict[str, Any], kept: object) -> None:
    assert describe_options(CallOptions(**options))[next(iter(options))] == kept


def test_detectors_are_kept_with_their_settings() -> None:
    options = CallOptions(turn_detector=SmartTurn(0.7))
    about = describe_call(options, SileroVAD(0.6, min_silence_ms=500), None, {})
    assert about["vad"]["name"] == "SileroVAD"
    assert (about["vad"]["settings"]["threshold"], about["vad"]["settings"]["min_silence_ms"]) == (0.6, 500)
    assert about["turn_detector"] == {"name": "SmartTurn", "settings": {"threshold": 0.7}}
    both = describe_call(options, build_vad(["volume", "silero"]), None, {})
    assert [member["name"] for member in both["vad"]] == ["VolumeVAD", "SileroVAD"]


def test_a_microphone_is_kept_without_its_name() -> None:
    microphone = Microphone("id-of-somebody", "Somebody's headset", 48_000, noise_suppression=True)
    about = describe_call(CallOptions(), VolumeVAD(), microphone, {"browser_link": {"messages": 3}})
    assert about["microphone"] == {
        "sample_rate": 48_000,
        "echo_cancellation": True,
        "noise_suppression": True,
        "auto_gain_control": None,
    }
    assert about["transport"] == {"browser_link": {"messages": 3}}
    assert "omebody" not in json.dumps(about)
