"""What the pages that show the panel say, carried out on the call. Everything here runs on the loop thread."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from micdrop_widget.browser import messages
from micdrop_widget.browser.link import LinkReport
from micdrop_widget.browser.microphone import BrowserMicrophone
from micdrop_widget.browser.pages import FrontEnds
from micdrop_widget.browser.speaker import BrowserSpeaker
from micdrop_widget.call.core import CallCore
from micdrop_widget.errors import MicdropError
from micdrop_widget.state import inputs

__all__ = ["PanelController"]

_log = logging.getLogger("micdrop_widget.jupyter.widget")

_REJOIN_S = 30
"""How long a call waits for a page that is being reloaded."""

_HOLD_MS = 2000
"""Silence on the way from the browser that is a hold; the browser takes as long to see it."""

_ANSWERS_WITHOUT_AUDIO = 4
"""A page on hold waits for its audio to be acknowledged; what a broken connection has lost never is."""


_COMMANDS: dict[str, inputs.Input] = {
    "pause": inputs.Pause(),
    "resume": inputs.Resume(),
    "mute": inputs.Mute(),
    "unmute": inputs.Unmute(),
}


class PanelController:
    """Takes every message of the browser and does what it asks for.

    Parameters
    ----------
    core
        The call.
    microphone, speaker, front_ends
        Of this call.
    show_owner
        Called with the front end that owns the call whenever another one does.
    send_private_state
        Called with a page that is new: it knows nothing of what travels in messages.
    """

    def __init__(
        self,
        core: CallCore,
        microphone: BrowserMicrophone,
        speaker: BrowserSpeaker,
        front_ends: FrontEnds,
        *,
        show_owner: Callable[[str | None], object],
        send_private_state: Callable[[str], object] = lambda page_id: None,
    ) -> None:
        self._core = core
        self._microphone = microphone
        self._speaker = speaker
        self._front_ends = front_ends
        self._show_owner = show_owner
        self._send_private_state = send_private_state
        self._shown_owner: str | None = None
        self._goodbye: asyncio.TimerHandle | None = None
        self._answers_without_audio = 0
        self._silent: set[str] = set()
        """Pages that were taken for gone because they did not answer: they may be heard again."""
        microphone.on_silent = self._give_up
        self._tasks: set[asyncio.Task[None]] = set()

    def receive(self, message: messages.BrowserMessage, *, while_busy: bool = False) -> None:
        """Take a message; `while_busy` says that it would have come while a cell runs."""
        self._microphone.note_answer(message.page_id, while_busy=while_busy)
        if message.page_id in self._silent:
            self._welcome(message.page_id)
        match message:
            case messages.Hello(front_end):
                self._welcome(front_end)
                self._speaker.tell_device()
                self._send_private_state(front_end)
            case messages.Bye(front_end, page_gone):
                self._say_goodbye(front_end, page_gone)
            case messages.Command(front_end, name):
                self._press(front_end, name)
            case messages.ChooseDevice() | messages.DevicesChanged():
                self._take_devices(message)
            case messages.SpeakerFailed(front_end, device_id, detail):
                if self._front_ends.owner in (None, front_end):
                    self._core.apply(inputs.SpeakerFailed(device_id, detail))
            case messages.Alive(front_end):
                if front_end == self._front_ends.owner:
                    self._check_audio()
            case messages.PlaybackProgress():
                self._speaker.receive(message)
            case _:
                self._microphone.receive(message)
        self._tell_owner()

    def _check_audio(self) -> None:
        """Open the microphone again when its page answers, but none of its audio comes: some was lost on the way."""
        if self.link_report().is_on_hold:
            self._answers_without_audio += 1
        else:
            self._answers_without_audio = 0
        if self._answers_without_audio > _ANSWERS_WITHOUT_AUDIO:
            self._answers_without_audio = 0
            _log.warning("the page answers, but its audio does not come: the microphone is opened again")
            self._run(self._core.move_mic())

    def link_report(self) -> LinkReport:
        """Return how the audio comes, as it is now; from any thread."""
        state, report = self._core.state, self._microphone.link_report
        listens = state.isMicStarted and not state.isMicMuted
        silent_ms = self._microphone.silent_ms(time.monotonic() * 1000)
        return replace(report, is_on_hold=listens and silent_ms > _HOLD_MS, underruns=self._speaker.underruns)

    def _press(self, front_end: str, name: str) -> None:
        """Do what the user pressed in a panel."""
        core = self._core
        match name:
            case "start" if not (core.state.isStarted or core.state.isStarting):
                if self._front_ends.owner != front_end:
                    self._take_over(front_end)  # a microphone without a call
                self._front_ends.owner = front_end
                self._run(core.start())
            case "start" | "take_over":
                self._take_over(front_end)
            case "stop":
                self._run(core.stop())
            case "pause" | "resume" | "mute" | "unmute":
                core.apply(_COMMANDS[name])
            case _:
                _log.warning("the panel asked for %r, which this kernel does not know", name)

    def _take_over(self, front_end: str) -> None:
        """Give microphone and loudspeaker to a page: another one had them, or none, or it begins anew."""
        state, before = self._core.state, self._front_ends.owner
        if not (state.isStarted or state.isStarting or state.isMicStarted):
            return  # the call has ended meanwhile
        self._front_ends.owner = front_end
        if before is not None:
            self._speaker.move(before)
        self._run(self._core.move_mic())

    def _welcome(self, front_end: str) -> None:
        self._silent.discard(front_end)
        self._front_ends.hello(front_end)
        if self._goodbye is not None:
            self._goodbye.cancel()

    def _give_up(self) -> None:
        """Take the owner for gone: it does not answer. Should it be heard again, it is back.

        So are all others until they answer: nobody has heard of them since they said hello.
        """
        owner, shown = self._front_ends.owner, self._front_ends.shown
        if owner is None:
            return
        for front_end in shown:
            self._say_goodbye(front_end, page_gone=True)
        self._silent.update(shown)
        self._microphone.ping_pages()
        self._tell_owner()

    def _take_devices(self, message: messages.ChooseDevice | messages.DevicesChanged) -> None:
        """Follow what is plugged in where the microphone is, and what is chosen in any panel."""
        match message:
            case messages.DevicesChanged(front_end, mic_devices, speaker_devices):
                if front_end == self._front_ends.owner:
                    self._core.apply(inputs.DevicesListed(mic_devices, speaker_devices))
            case messages.ChooseDevice(_, "microphone", device_id):
                self._run(self._core.change_mic_device(device_id))
            case messages.ChooseDevice(_, _, device_id):
                self._core.apply(inputs.ChangeSpeakerDevice(device_id))

    def _say_goodbye(self, front_end: str, page_gone: bool) -> None:
        """End a call whose panel was removed; a page that is gone has a while to come back."""
        owned = self._front_ends.owner == front_end
        self._front_ends.bye(front_end)
        self._silent.discard(front_end)
        if owned:
            self._microphone.lose("page_gone" if page_gone else "panel_gone")
            self._speaker.lose()
        if not self._front_ends.shown:
            delay_s = _REJOIN_S if page_gone else 0
            self._goodbye = asyncio.get_running_loop().call_later(delay_s, self._end)

    def _end(self) -> None:
        self._run(self._core.stop())

    def _tell_owner(self) -> None:
        owner = self._front_ends.owner
        if owner != self._shown_owner:
            self._shown_owner = owner
            self._show_owner(owner)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something whose error the panel shows: nobody awaits it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or isinstance(task.exception(), MicdropError | None):
            return  # the call has reported it
        _log.error("what the panel asked for failed", exc_info=task.exception())
