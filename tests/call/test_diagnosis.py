"""A call that is connected and silent, once for each part that can be broken: the diagnosis names that part."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from micdrop_widget import Diagnosis, MicdropClient, MicdropError, MicdropErrorCode, SileroVAD, VolumeVAD
from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.call.sinks import HeardReport, VirtualSpeaker
from micdrop_widget.call.sources import UnpluggedError
from micdrop_widget.devices import Microphone
from micdrop_widget.testing import FaultyCall, FaultyServer, Script, in_virtual_time
from tests.harness.callers import LoudVAD, Mic, loud, quiet, turns_over
from tests.harness.servers import closed_port

LATER_S = 8.0
"""When a person asks what is wrong."""


def hiss(frames: int, amplitude: int) -> Pcm:
    """Return the noise of a room."""
    pcm: Pcm = np.random.default_rng(3).integers(-amplitude, amplitude, frames * FRAME_SAMPLES).astype(np.int16)
    return pcm


async def speak(mic: Mic) -> None:
    mic.say(turns_over(30))


async def diagnosed(
    script: Script,
    say: Callable[[Mic], Awaitable[None]] = speak,
    *,
    later_s: float = LATER_S,
    before: Callable[[MicdropClient], object] = lambda call: None,
    **options: Any,
) -> Diagnosis:
    """Hold a call with a server, say something, and ask some time later what is wrong; the microphone goes on."""
    mic = options.pop("source", None) or Mic()
    async with FaultyServer(script) as server:
        url = options.pop("url", server.url)
        async with MicdropClient(url, source=mic, **{"vad": LoudVAD(), **options}) as call:
            try:
                await call.start()
            except MicdropError:
                await asyncio.sleep(later_s)
                return call.diagnose()
            before(call)
            await say(mic)
            for _ in range(round(later_s * 10)):
                await asyncio.sleep(0.1)
                mic.say(quiet(3))
            return call.diagnose()


def outcomes(diagnosis: Diagnosis) -> dict[str, str]:
    return {step.name: step.outcome for step in diagnosis.steps}


def stops_at(diagnosis: Diagnosis, name: str, seen: str) -> None:
    """Check that it breaks at one step, that all before are well, and that none behind it is called broken."""
    step = diagnosis.stopped_at
    assert step is not None, str(diagnosis)
    assert (step.name, step.outcome) == (name, "broken"), str(diagnosis)
    assert seen in step.seen
    assert step.advice, "it says what to do"
    names = [each.name for each in diagnosis.steps]
    place = names.index(name)
    assert {each.outcome for each in diagnosis.steps[:place]} <= {"ok", "unknown", "not reached"}
    assert {each.outcome for each in diagnosis.steps[place + 1 :]} <= {"ok", "not reached"}


# Servers


async def answers(call: FaultyCall) -> None:
    await call.ready()
    said = await call.utterance()
    await call.message("user", "a secret question")
    await call.answer(said, pace=0)
    await call.message("assistant", "a secret answer")


async def listens_only(call: FaultyCall) -> None:
    await call.ready()
    await call.hold()


async def understands_nothing(call: FaultyCall) -> None:
    await call.ready()
    await call.utterance()
    await call.ready()


async def takes_it_back(call: FaultyCall) -> None:
    await call.ready()
    await call.utterance()
    await call.message("user", "a secret question")
    await call.send("CancelLastUserMessage")


async def has_no_agent(call: FaultyCall) -> None:
    await call.ready()
    await call.utterance()
    await call.message("user", "a secret question")


async def skips_the_answer(call: FaultyCall) -> None:
    await has_no_agent(call)
    await call.ready()


async def has_no_voice(call: FaultyCall) -> None:
    await has_no_agent(call)
    await call.message("assistant", "a secret answer")


async def has_a_voice_of_silence(call: FaultyCall) -> None:
    await has_no_voice(call)
    await call.answer(quiet(30), pace=0)


def refuses(code: int) -> Script:
    async def script(call: FaultyCall) -> None:
        await call.close(code, "a secret reason")

    return script


async def is_cut(call: FaultyCall) -> None:
    if call.number:
        await call.close(1011, "a secret reason")
        return
    await call.ready()
    await call.utterance()
    call.abort()


# What breaks


@in_virtual_time
async def test_a_call_that_works_has_nothing_broken() -> None:
    diagnosis = await diagnosed(answers)
    assert diagnosis.stopped_at is None
    assert set(outcomes(diagnosis).values()) == {"ok"}
    assert str(diagnosis).splitlines()[0] == "turn 1 of 1: nothing is broken, the answer was heard"


@pytest.mark.parametrize(
    ("script", "step", "seen"),
    [
        (listens_only, "transcript", "no transcript for"),
        (understands_nothing, "transcript", "SkipAnswer"),
        (takes_it_back, "transcript", "took the user's message back"),
        (has_no_agent, "answer", "no answer for"),
        (skips_the_answer, "answer", "SkipAnswer"),
        (has_no_voice, "audio", "no audio for"),
        (has_a_voice_of_silence, "heard", "all of it was silence"),
        (refuses(4401), "connection", "Unauthorized, close code 4401"),
        (refuses(4400), "connection", "BadRequest, close code 4400"),
        (refuses(1000), "connection", "closed before the server was ready"),
        (is_cut, "connection", "lost"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
@in_virtual_time
async def test_the_broken_part_of_a_server_is_named(script: Script, step: str, seen: str) -> None:
    stops_at(await diagnosed(script), step, seen)


@in_virtual_time
async def test_a_server_that_is_not_there_is_named() -> None:
    stops_at(await diagnosed(answers, url=f"ws://127.0.0.1:{closed_port()}"), "connection", "not made (Connection)")


@in_virtual_time
async def test_a_call_without_url_and_one_that_was_not_started_are_told_apart() -> None:
    stops_at(await diagnosed(answers, url=None), "connection", "there is no url")
    async with MicdropClient("ws://127.0.0.1:1", source=Mic()) as call:
        stops_at(call.diagnose(), "call", "never started")


async def mute(mic: Mic) -> None:
    mic.say(np.zeros(16_000 * 5, np.int16))


async def whisper(mic: Mic) -> None:
    mic.say(hiss(200, 300))


async def die(mic: Mic) -> None:
    mic.end(MicdropError(MicdropErrorCode.Mic, "The secret microphone broke.", "Buy the secret one."))


async def unplug(mic: Mic) -> None:
    mic.end(UnpluggedError.of("Secret Model 3"))


@pytest.mark.parametrize(
    ("say", "options", "step", "seen"),
    [
        (mute, {}, "level", "the microphone is silent: loudest -96 dBFS"),
        (whisper, {}, "detection", "LoudVAD shows no numbers"),
        (whisper, {"vad": VolumeVAD(-30)}, "detection", "threshold -30 dB"),
        (whisper, {"vad": SileroVAD(0.9)}, "detection", "threshold 0.90"),
        (die, {}, "microphone", "ended (Mic)"),
    ],
    ids=["mute", "whisper", "volume", "silero", "die"],
)
@in_virtual_time
async def test_the_broken_part_of_a_microphone_is_named(
    say: Callable[[Mic], Awaitable[None]], options: dict[str, Any], step: str, seen: str
) -> None:
    stops_at(await diagnosed(answers, say, **options), step, seen)


class Refused(Mic):
    async def open(self, device_id: str | None) -> Microphone:
        raise MicdropError(MicdropErrorCode.Mic, "No.", "Allow it.", reason="denied")


class UnpluggedForGood(Mic):
    async def open(self, device_id: str | None) -> Microphone:
        if self.opened:
            raise MicdropError(MicdropErrorCode.Mic, "No.", "Plug it in.", reason="no_device")
        return await super().open(device_id)


@in_virtual_time
async def test_a_permission_that_was_refused_is_named_with_its_remedy() -> None:
    diagnosis = await diagnosed(answers, source=Refused())
    stops_at(diagnosis, "microphone", "not opened (Mic, denied)")
    assert diagnosis["microphone"].advice == "Allow it."


@in_virtual_time
async def test_a_microphone_that_was_unplugged_is_named() -> None:
    diagnosis = await diagnosed(answers, unplug, source=UnpluggedForGood())
    stops_at(diagnosis, "microphone", "(Mic, no_device)")


@in_virtual_time
async def test_a_permission_prompt_that_nobody_answers_is_waited_for() -> None:
    class Prompting(Mic):
        async def open(self, device_id: str | None) -> Microphone:
            await asyncio.sleep(3600)
            raise AssertionError

    async with MicdropClient("ws://127.0.0.1:1", source=Prompting(), vad=LoudVAD()) as call:
        starting = asyncio.ensure_future(call.start())
        await asyncio.sleep(5)
        step = call.diagnose().stopped_at
        assert step is not None
        assert (step.name, step.outcome) == ("microphone", "waiting")
        starting.cancel()


@in_virtual_time
async def test_a_microphone_that_gives_no_frames_is_named() -> None:
    async with FaultyServer(answers) as server, MicdropClient(server.url, source=Mic(), vad=LoudVAD()) as call:
        await call.start()
        await asyncio.sleep(LATER_S)
        stops_at(call.diagnose(), "frames", "none has arrived")


@in_virtual_time
async def test_a_microphone_that_stops_giving_frames_is_named_though_a_turn_went_well() -> None:
    mic = Mic()
    async with FaultyServer(answers) as server, MicdropClient(server.url, source=mic, vad=LoudVAD()) as call:
        await call.start()
        mic.say(turns_over(30))
        await call.wait_for("Turn", timeout=20)
        await asyncio.sleep(LATER_S)
        stops_at(call.diagnose(), "frames", "the latest arrived")


@pytest.mark.parametrize("ignoring", ["mute", "pause"])
@in_virtual_time
async def test_a_call_that_ignores_its_microphone_says_why(ignoring: str) -> None:
    diagnosis = await diagnosed(answers, before=lambda call: getattr(call, ignoring)())
    stops_at(diagnosis, "listening", "the call is muted" if ignoring == "mute" else "the call is paused")


@in_virtual_time
async def test_gaps_of_the_microphone_are_counted_as_holds() -> None:
    async def with_gaps(mic: Mic) -> None:
        for _ in range(3):
            mic.lose(8000)
        mic.say(turns_over(30))

    diagnosis = await diagnosed(answers, with_gaps)
    assert diagnosis.stopped_at is None
    assert diagnosis["holds"].values["holds"] == 3


@in_virtual_time
async def test_speech_that_never_ends_is_named() -> None:
    async def go_on(mic: Mic) -> None:
        for _ in range(300):
            mic.say(loud(3))
            await asyncio.sleep(0.1)

    stops_at(await diagnosed(answers, go_on, later_s=0), "StopSpeaking", "no end of speech was detected in")


@in_virtual_time
async def test_a_turn_under_way_is_waited_for_at_its_step() -> None:
    async def begin(mic: Mic) -> None:
        mic.say(loud(30))

    speaking = await diagnosed(answers, begin, later_s=0.1)
    assert speaking.stopped_at is not None
    assert (speaking.stopped_at.name, speaking.stopped_at.outcome) == ("StopSpeaking", "waiting")
    thinking = await diagnosed(listens_only, later_s=1)
    assert thinking.stopped_at is not None
    assert (thinking.stopped_at.name, thinking.stopped_at.outcome) == ("transcript", "waiting")


class Mute(VirtualSpeaker):
    """A loudspeaker that plays nothing, and does not say so."""

    def bind(self, report: HeardReport) -> None:
        super().bind(lambda epoch, samples: None)


@in_virtual_time
async def test_a_loudspeaker_that_reports_nothing_is_named() -> None:
    stops_at(await diagnosed(answers, sink=Mute()), "heard", "none of it was heard")


@in_virtual_time
async def test_a_greeting_that_is_not_heard_is_named_though_nobody_has_spoken() -> None:
    async def greets(call: FaultyCall) -> None:
        await call.message("assistant", "a secret answer")
        await call.answer(loud(30), pace=0)

    async def room(mic: Mic) -> None:
        mic.say(hiss(200, 300))

    stops_at(await diagnosed(greets, room, sink=Mute()), "heard", "none of it was heard")


@in_virtual_time
async def test_an_answer_behind_a_skip_counts() -> None:
    async def holds_back(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.message("user", "a secret question")
        await call.ready()
        await call.wait(3)
        await call.answer(loud(30), pace=0)
        await call.message("assistant", "a secret answer")

    assert (await diagnosed(holds_back)).stopped_at is None


# What it shows


SECRETS = ("secret", "Secret", "127.0.0.1", "ws://")


@pytest.mark.parametrize(
    ("script", "say"), [(answers, speak), (refuses(4401), speak), (is_cut, speak), (answers, die), (answers, unplug)]
)
@in_virtual_time
async def test_nothing_private_is_in_it(script: Script, say: Callable[[Mic], Awaitable[None]]) -> None:
    diagnosis = await diagnosed(
        script, say, params={"token": "secret"}, headers={"Authorization": "Bearer secret"}, source=UnpluggedForGood()
    )
    for shown in (str(diagnosis), repr(diagnosis), diagnosis._repr_html_(), repr(diagnosis.steps)):
        assert [word for word in SECRETS if word in shown] == []


@in_virtual_time
async def test_the_table_has_a_row_for_each_step() -> None:
    diagnosis = await diagnosed(has_no_voice)
    table = diagnosis._repr_html_()
    assert table.count("<tr>") == len(diagnosis.steps) + 1
    assert "breaks at “audio”" in table
    assert [line.split()[0] for line in str(diagnosis).splitlines()[1:]] == [step.name for step in diagnosis.steps]
    with pytest.raises(KeyError, match="no step 'sound'"):
        _ = diagnosis["sound"]


@in_virtual_time
async def test_a_call_that_is_over_can_still_be_diagnosed() -> None:
    mic = Mic()
    async with FaultyServer(has_no_voice) as server, MicdropClient(server.url, source=mic, vad=LoudVAD()) as call:
        await call.start()
        mic.say(turns_over(30))
        await call.wait_for("Message", role="assistant", timeout=5)
        await asyncio.sleep(20)
        await call.stop()
        stops_at(call.diagnose(), "audio", "no audio for")
