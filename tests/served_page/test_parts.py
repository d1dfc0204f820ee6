"""The parts of the served page that need no socket."""

from __future__ import annotations

import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from micdrop_widget.browser import messages
from micdrop_widget.devices import Device
from micdrop_widget.page.frames import decode_frame, encode_frame
from micdrop_widget.page.limits import PendingConnections, Rate
from micdrop_widget.page.opening import BrowserOpener, has_browser
from micdrop_widget.page.state_messages import StateMessages
from micdrop_widget.state import MicdropState

CONTENT = {"type": "details", "to": None, "fields": {"partialAssistantMessage": "“é”"}}


def test_a_message_is_the_same_after_its_way_through_a_frame() -> None:
    assert decode_frame(encode_frame(CONTENT)) == (CONTENT, [])
    content, (buffer,) = decode_frame(encode_frame(CONTENT, [b"\x01\x00\xff", b"only fills a message"]))
    assert (content, bytes(buffer)) == (CONTENT, b"\x01\x00\xff")


def test_a_frame_with_a_buffer_is_length_json_and_buffer() -> None:
    assert encode_frame({"type": "x"}, [b"\x07\x08"]) == b'\x00\x00\x00\x0c{"type":"x"}\x07\x08'


@pytest.mark.parametrize("frame", ["", "{", b"", b"\0\0", b"\0\0\0\x09{}", b"\0\0\0\x02\xff\xff", "[" * 99_999])
def test_what_is_no_frame_is_refused(frame: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of json, or ours
        decode_frame(frame)


def test_of_too_many_pending_connections_the_oldest_is_aborted() -> None:
    gone: list[int] = []
    pending = PendingConnections(2)
    for number in range(4):
        pending.add(number, lambda number=number: gone.append(number))  # type: ignore[misc]
    assert (gone, len(pending)) == ([0, 1], 2)
    pending.remove(2)
    pending.remove(2)
    pending.add(4, lambda: gone.append(4))
    assert (gone, len(pending)) == ([0, 1], 2)


def test_a_second_s_worth_may_come_at_once_and_then_as_much_as_a_second_has() -> None:
    rate = Rate(10)
    assert [round(rate.delay_s(1, 5.0), 3) for _ in range(12)] == [0] * 10 + [0.1, 0.2]
    assert rate.delay_s(1, 5.5) == 0
    assert [round(rate.delay_s(5, 100.0), 3) for _ in range(3)] == [0, 0, 0.5]


def test_the_state_goes_in_messages_only_when_it_has_changed() -> None:
    sent: list[messages.Content] = []
    published = StateMessages(sent.append, MicdropState(isMuted=True), "p1")
    published.publish(MicdropState(isMuted=True))
    assert sent == []
    published.publish(MicdropState(isMuted=True, partialAssistantMessage="Well"))
    assert [content["type"] for content in sent] == ["details"]
    published.publish(MicdropState(isMuted=False, micDevices=(Device("usb", "USB", "audioinput"),)))
    assert [content["type"] for content in sent[1:]] == ["details", "state"]
    assert sent[-1]["fields"]["isMuted"] is False
    published.publish_owner("p2")
    assert sent[-1]["fields"]["_owner"] == "p2"
    del sent[:]
    published.publish_whole("p3")
    assert [content["type"] for content in sent] == ["bundle", "state"]
    assert [content["type"] for content in sent[0]["contents"]] == ["conversation", "details"]
    published.send_state(closed=True)
    assert sent[-1]["fields"]["_closed"] is True


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({"BROWSER": "/home/me/.vscode-server/bin/abc/bin/helpers/browser.sh", "DISPLAY": ":0"}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_where_a_browser_with_a_window_can_be_opened(
    environment: dict[str, str], platform: str, expected: bool
) -> None:
    assert has_browser(environment, platform) is expected


def test_a_browser_is_given_a_file_that_nobody_else_may_read_and_not_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[str] = []
    monkeypatch.setenv("BROWSER", "something")
    monkeypatch.setattr("webbrowser.open", lambda url: not given.append(url))  # type: ignore[func-returns-value]
    opener = BrowserOpener()
    assert opener.open("http://127.0.0.1:1/#to-ken") is True
    (url,) = given
    assert "to-ken" not in url
    path = Path(unquote(urlsplit(url).path))
    assert 'content="0; url=http://127.0.0.1:1/#to-ken"' in path.read_text()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    opener.close()
    opener.close()
    assert not path.parent.exists()


def test_where_there_is_no_browser_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micdrop_widget.page.opening.has_browser", lambda: False)
    monkeypatch.setattr("webbrowser.open", pytest.fail)
    assert BrowserOpener().open("http://127.0.0.1:1/#t") is False
