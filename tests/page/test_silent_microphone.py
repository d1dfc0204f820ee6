"""A microphone that is switched off at the headset gives exact zeros: the panel says so, beside the list of others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from micdrop_widget import NoticeCode
from tests.harness.spoken import say_at, spoken, write_wav
from tests.page.calls import HeldCall, Opener, result, wait_until

NO_SOUND = "The microphone gives no sound: is it switched off at the headset, or is it the wrong one?"

MUTE_TRACK = """() => {
  const track = window.__tracks.at(-1);
  Object.defineProperty(track, "muted", { value: true, configurable: true });
  track.dispatchEvent(new Event("mute"));
}"""
UNMUTE_TRACK = """() => {
  const track = window.__tracks.at(-1);
  delete track.muted;
  track.dispatchEvent(new Event("unmute"));
}"""


def codes(held: HeldCall) -> list[NoticeCode]:
    return [notice.code for notice in held.call.notices]


def is_reported(held: HeldCall) -> bool:
    microphone = held.call.microphone
    return microphone is not None and microphone.is_silent


def test_a_microphone_of_zeros_is_reported_in_the_panel_and_never_while_it_is_muted(
    open_call: Opener, tmp_path: Path
) -> None:
    held = open_call(microphone=write_wav(tmp_path / "zeros.wav", np.zeros(16_000, np.int16)))
    held.start()
    held.page.wait_for_text(NO_SOUND, "notices")
    assert held.page.part("microphone-device").is_visible()
    assert codes(held) == [NoticeCode.SilentMicrophone]
    assert is_reported(held)
    result(held.call.mute())
    held.page.until("() => document.querySelector('[data-testid=notices]').hidden")
    assert not held.page.part("microphone-device").is_visible()
    assert not is_reported(held)
    result(held.call.unmute())
    held.page.wait_for_text(NO_SOUND, "notices")
    assert held.errors == []


def test_it_is_gone_when_sound_comes(open_call: Opener, tmp_path: Path) -> None:
    said = say_at(tmp_path / "late.wav", {6: spoken("sentence").pcm_of(0)})
    held = open_call(microphone=said)
    held.start()
    held.page.wait_for_text(NO_SOUND, "notices")
    held.page.until("() => document.querySelector('[data-testid=notices]').hidden")
    assert codes(held) == []
    assert not is_reported(held)


def test_a_track_that_the_browser_mutes_is_reported_too(open_call: Opener, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(-300, 300, 16_000).astype(np.int16)  # its last 10 ms go on for ever
    held = open_call(microphone=write_wav(tmp_path / "noise.wav", noise), noise_suppression=False)
    held.start()
    result(held.call.mute())  # no sample may say that it is not silent
    held.page.evaluate(MUTE_TRACK)
    held.page.until("() => window.__tracks.at(-1).muted")
    result(held.call.unmute())
    told: list[bool] = []
    held.call.observe(lambda change: told.append(bool(change.new)), "notices")
    wait_until(lambda: told[:2] == [True, False])  # the page says that it is, and its next sample that it is not
    held.page.evaluate(UNMUTE_TRACK)
    assert not is_reported(held)
