"""What goes to the browser at once, and what rides along."""

from __future__ import annotations

import asyncio

import pytest

from micdrop_widget.browser import Downlink, messages
from micdrop_widget.browser import downlink as downlink_module


class Line:
    """A downlink whose messages are collected, and two things that can wait."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        """The type of each message; of a bundle the types of what is in it."""
        self.downlink = Downlink(lambda content, _: self.sent.append(self._types(content)))
        self.downlink.on_released = lambda: self.sent.append("released")
        self.something = asyncio.Event()

    def _types(self, content: messages.Content) -> object:
        return [each["type"] for each in content["contents"]] if content["type"] == "bundle" else content["type"]

    def level(self) -> messages.Content:
        return messages.vad_readout(0.5, -20)

    def ack(self) -> messages.Content:
        self.something.set()
        return messages.ack("a", 1, 7, 0)


@pytest.fixture(autouse=True)
def _at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_AT_LEAST_S", 0)


async def test_small_messages_go_behind_the_audio_once_each_in_their_order() -> None:
    line = Line()
    for tell in (line.level, line.ack, line.level):
        line.downlink.send_deferred(tell)
    line.downlink.send(messages.flush(1))
    assert line.sent == ["flush"]
    line.downlink.release()
    assert line.sent == ["flush", ["vad_readout", "ack"], "released"]
    line.downlink.release()
    assert line.sent[3:] == [], "nothing waits"


async def test_without_audio_they_wait_a_fifth_of_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    assert downlink_module._SOON_S == 1 / 5
    monkeypatch.setattr(downlink_module, "_SOON_S", 0.01)
    line = Line()
    line.downlink.send_deferred(line.ack)
    assert line.sent == []
    await asyncio.wait_for(line.something.wait(), 10)
    assert line.sent == ["ack", "released"]
    line.something.clear()
    line.downlink.send_deferred(line.ack)
    await asyncio.wait_for(line.something.wait(), 10)
    assert line.sent == ["ack", "released"] * 2


async def test_what_has_time_waits_for_longer_unless_something_else_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert downlink_module._LATER_S == 2 / 5
    monkeypatch.setattr(downlink_module, "_LATER_S", 0.01)
    line = Line()
    line.downlink.send_deferred(line.ack, soon=False)
    await asyncio.wait_for(line.something.wait(), 10)
    assert line.sent == ["ack", "released"]
    monkeypatch.setattr(downlink_module, "_LATER_S", 60)
    monkeypatch.setattr(downlink_module, "_SOON_S", 0.01)
    line.something.clear()
    line.downlink.send_deferred(line.ack, soon=False)
    await asyncio.sleep(0.05)
    assert line.sent == ["ack", "released"]
    line.downlink.send_deferred(line.level)
    await asyncio.wait_for(line.something.wait(), 10)
    assert line.sent[2:] == [["ack", "vad_readout"], "released"]
    line.downlink.send_deferred(line.level)
    line.downlink.send_deferred(line.ack, soon=False)
    line.something.clear()
    await asyncio.wait_for(line.something.wait(), 10)
    assert line.sent[4:] == [["vad_readout", "ack"], "released"], "one that has time does not make others wait"


async def test_what_is_forgotten_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_SOON_S", 0.01)
    line = Line()
    line.downlink.send_deferred(line.level)
    line.downlink.send_deferred(line.ack)
    line.downlink.forget(line.level)
    line.downlink.forget(line.level)
    await asyncio.wait_for(line.something.wait(), 10)
    assert line.sent == ["ack", "released"]


async def test_what_waits_may_let_something_wait() -> None:
    line = Line()

    def again() -> messages.Content:
        line.downlink.send_deferred(again)
        return line.level()

    line.downlink.send_deferred(again)
    line.downlink.release()
    line.downlink.release()
    assert line.sent == ["vad_readout", "released"] * 2
    line.downlink.forget(again)


async def test_chunks_smaller_than_a_frame_do_not_send_small_messages_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downlink_module, "_AT_LEAST_S", 0.05)
    line = Line()
    line.downlink.send_deferred(line.ack, soon=False)
    line.downlink.release()
    assert line.sent == []
    await asyncio.sleep(0.06)
    line.downlink.send_deferred(line.level, soon=False)
    line.downlink.release()
    assert line.sent == [["ack", "vad_readout"], "released"], "it is the first one's wait that counts"


async def test_one_that_fails_takes_nothing_else_with_it(caplog: pytest.LogCaptureFixture) -> None:
    line = Line()

    def fail() -> messages.Content:
        raise RuntimeError("no such level")

    line.downlink.send_deferred(fail)
    line.downlink.send_deferred(lambda: None)
    line.downlink.send_deferred(line.ack)
    line.downlink.release()
    assert line.sent == ["ack", "released"]
    assert "no such level" in caplog.text
