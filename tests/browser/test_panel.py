"""What pages ask for and when they vanish, on a call that only notes what it is asked for. In virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from micdrop_widget.browser import BrowserMicrophone, BrowserSpeaker, Downlink, PanelController, messages
from micdrop_widget.call.core import CallCore
from micdrop_widget.state import MicdropState, inputs
from tests.harness.pages import RecordingCarrier, pages_with, virtual_timing
from tests.harness.virtual_time import in_virtual_time

UP = MicdropState(isStarted=True, isMicStarted=True)
WITHOUT_MICROPHONE = MicdropState(isStarted=True)
STARTING = MicdropState(isStarting=True)

ANSWER_BOUND_S = 10.0
REJOIN_S = 30.0


class NotingCore:
    """In the place of a `CallCore`: a state that a test sets, and a note of every command."""

    def __init__(self, state: MicdropState) -> None:
        self.state = state
        self.commands: list[object] = []
        self.ended_s: float | None = None

    async def start(self) -> None:
        self.commands.append("start")

    async def stop(self) -> None:
        self.commands.append("stop")
        self.state = MicdropState()
        self.ended_s = asyncio.get_running_loop().time()

    async def move_mic(self) -> None:
        self.commands.append("move_mic")

    async def change_mic_device(self, device_id: str) -> None:
        self.commands.append(("change_mic_device", device_id))

    def apply(self, command: inputs.Input) -> None:
        self.commands.append(command)


class Call:
    """A call that pages show, the first of which owns it; each page answers heartbeats for as long as it lives."""

    def __init__(self, state: MicdropState, *page_ids: str, owner: str | None = "a") -> None:
        self.core = NotingCore(state)
        self.carrier = RecordingCarrier()
        self.alive = set(page_ids)
        self.owners: list[str | None] = []
        self.new_pages: list[str] = []
        self.asked_for_page: list[str] = []
        self.progress: list[tuple[int, int]] = []
        timing = virtual_timing()
        downlink, self.pages = Downlink(self, timing), pages_with(owner=owner)
        self.microphone = BrowserMicrophone(downlink, self.pages, timing)
        self.speaker = BrowserSpeaker(downlink, self.pages, timing)
        self.speaker.bind(lambda epoch, samples: self.progress.append((epoch, samples)))
        self.panel = PanelController(
            cast("CallCore", self.core),
            self.microphone,
            self.speaker,
            self.pages,
            downlink,
            timing=timing,
            show_owner=self.owners.append,
            send_private_state=self.new_pages.append,
            open_page=self.open_page,
        )
        for page_id in page_ids:
            self.receive(messages.Hello(page_id))

    def receive(self, message: messages.BrowserMessage) -> None:
        self.panel.receive(message, while_busy=True)

    async def open_page(self, page_id: str) -> None:
        self.asked_for_page.append(page_id)

    def send(self, content: messages.Content, buffers: Any = (), *, urgent: bool = False) -> None:
        self.carrier.send(content, buffers, urgent=urgent)
        if content["type"] == "alive":
            for page_id in self.alive & ({content["to"]} if content["to"] else self.alive):
                asyncio.get_running_loop().call_later(0.01, self._answer, page_id, content["request"])

    def deferred_sent(self) -> None: ...

    def _answer(self, page_id: str, request: int) -> None:
        if page_id in self.alive:
            self.receive(messages.Alive(page_id, request))


@pytest.mark.parametrize("state", [UP, WITHOUT_MICROPHONE, STARTING], ids=["microphone", "no microphone", "starting"])
@pytest.mark.parametrize("owner", ["a", None])
@in_virtual_time
async def test_a_call_whose_page_vanishes_ends_within_the_bound_at_whatever_moment(
    state: MicdropState, owner: str | None
) -> None:
    call = Call(state, "a", owner=owner)
    await asyncio.sleep(100)
    assert call.core.commands == [], "it answers"
    call.alive.clear()
    await asyncio.sleep(3600)
    assert call.core.commands == ["stop"]
    assert call.core.ended_s is not None
    assert 100 + ANSWER_BOUND_S + REJOIN_S - 1 < call.core.ended_s <= 100 + ANSWER_BOUND_S + REJOIN_S + 1
    assert call.owners == ([owner] if owner else []) + ([None] if owner else [])


@in_virtual_time
async def test_when_the_owner_vanishes_a_page_that_answers_keeps_the_call() -> None:
    call = Call(WITHOUT_MICROPHONE, "a", "b", "c")
    call.alive = {"b"}
    await asyncio.sleep(3600)
    assert call.core.commands == []
    assert call.pages.shown == ("b",)
    assert call.owners == ["a", None]
    call.receive(messages.Command("b", "take_over"))
    await asyncio.sleep(1)
    assert (call.pages.owner, call.core.commands) == ("b", ["move_mic"])
    call.alive.clear()
    await asyncio.sleep(3600)
    assert call.core.commands == ["move_mic", "stop"]


@in_virtual_time
async def test_a_page_that_was_presumed_gone_is_back_as_soon_as_it_says_anything() -> None:
    call = Call(UP, "a")
    call.alive.clear()
    await asyncio.sleep(20)
    assert len(call.pages.shown) == 0
    call.receive(messages.PlaybackProgress("a", 0, 0, 0, 0.0))
    call.alive = {"a"}
    await asyncio.sleep(3600)
    assert call.core.commands == []
    assert tuple(call.pages.shown) == ("a",)


@in_virtual_time
async def test_the_heartbeat_ends_with_the_call_and_begins_with_the_next_microphone() -> None:
    call = Call(UP, "a")
    await asyncio.sleep(5.5)
    call.core.state = MicdropState()
    await asyncio.sleep(60)
    assert len(call.carrier.times_of("alive")) == 6
    opening = asyncio.ensure_future(call.microphone.open(None))
    await asyncio.sleep(5.5)
    assert len(call.carrier.times_of("alive")) == 12
    await call.microphone.close()
    opening.cancel()


@in_virtual_time
async def test_a_second_goodbye_replaces_the_timer_of_the_first() -> None:
    call = Call(WITHOUT_MICROPHONE, "a", "b")
    for page_id in ("a", "b"):
        call.receive(messages.Bye(page_id, page_gone=True))
    await asyncio.sleep(20)
    call.receive(messages.Bye("b", page_gone=True))
    await asyncio.sleep(20)
    call.receive(messages.Hello("b"))
    await asyncio.sleep(3600)
    assert call.core.commands == []
    assert call.new_pages == ["a", "b", "b"]


@pytest.mark.parametrize(("page_gone", "ended_s"), [(False, 0.0), (True, 30.0)])
@in_virtual_time
async def test_a_panel_that_is_removed_ends_the_call_and_a_page_that_is_gone_may_come_back(
    page_gone: bool, ended_s: float
) -> None:
    call = Call(UP, "a")
    call.receive(messages.Bye("a", page_gone=page_gone))
    await asyncio.sleep(3600)
    assert call.core.ended_s == ended_s


@pytest.mark.parametrize(
    ("reason", "words"),
    [("blocked", "waits for a click before it plays sound"), ("failed", "could not be played in the browser (x)")],
)
@in_virtual_time
async def test_an_answer_that_its_page_cannot_play_is_over_and_reported_once(reason: Any, words: str) -> None:
    call = Call(UP, "a", "b")
    call.speaker.play(3, np.zeros(50_000, dtype=np.int16))
    failed = messages.PlaybackFailed("a", 3, reason, "x")
    for other in (replace(failed, page_id="b"), replace(failed, epoch=2)):
        call.receive(other)
    assert (call.progress, call.core.commands) == ([], [])
    call.receive(failed)
    assert call.progress == [(3, 50_000)]
    (command,) = call.core.commands
    assert isinstance(command, inputs.PlaybackFailed)
    assert words in command.error.message
    call.speaker.play(3, np.zeros(100, dtype=np.int16))
    call.receive(failed)
    assert call.progress[-1] == (3, 50_100)
    assert len(call.core.commands) == 1
    call.speaker.play(4, np.zeros(100, dtype=np.int16))
    call.receive(replace(failed, epoch=4))
    assert len(call.core.commands) == 2


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("pause", inputs.Pause()),
        ("resume", inputs.Resume()),
        ("mute", inputs.Mute()),
        ("unmute", inputs.Unmute()),
        ("stop", "stop"),
        ("start", "move_mic"),
        ("take_over", "move_mic"),
    ],
)
@in_virtual_time
async def test_each_button_of_a_call_that_is_up(name: Any, command: object) -> None:
    call = Call(UP, "a")
    call.receive(messages.Command("a", name))
    await asyncio.sleep(1)
    assert call.core.commands == [command]


@in_virtual_time
async def test_a_page_without_a_microphone_may_ask_for_one_of_this_process() -> None:
    call = Call(MicdropState(), "a", "b")
    call.receive(messages.Command("b", "open_page"))
    await asyncio.sleep(1)
    assert call.asked_for_page == ["b"]


@pytest.mark.parametrize(("reason", "owner"), [("vs_code", None), ("denied", "a")])
@in_virtual_time
async def test_a_page_without_a_microphone_leaves_the_call_to_one_that_may_have_it(
    reason: str, owner: str | None
) -> None:
    call = Call(MicdropState(), "a", "b", owner="a")
    call.receive(messages.MicFailed("a", 0, reason, ""))
    assert call.pages.owner == owner
