"""Carries out on the call what the pages with the panel send. Everything here runs on the loop thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from micdrop_widget.browser import messages
from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.heartbeat import Heartbeat
from micdrop_widget.browser.line_probe import LineProbe
from micdrop_widget.browser.link import LinkReport
from micdrop_widget.browser.mic_errors import is_due_to_page
from micdrop_widget.browser.microphone import BrowserMicrophone
from micdrop_widget.browser.pages import Pages
from micdrop_widget.browser.playback_errors import playback_error
from micdrop_widget.browser.speaker import BrowserSpeaker
from micdrop_widget.browser.timing import Timing
from micdrop_widget.call.core import CallCore
from micdrop_widget.errors import MicdropError
from micdrop_widget.history.diagnosis import Diagnosis, LinkFacts
from micdrop_widget.state import inputs

__all__ = ["PanelController"]

_log = logging.getLogger("micdrop_widget.browser.panel")

_COMMANDS: dict[str, inputs.Input] = {
    "pause": inputs.Pause(),
    "resume": inputs.Resume(),
    "mute": inputs.Mute(),
    "unmute": inputs.Unmute(),
}


class PanelController:
    """Receives every message of the pages, and carries it out.

    For as long as a call is up or the microphone is in use, it also asks the owner of the call every second whether it
    is there (without an owner, all pages), and ends a call that no page shows any more.

    Parameters
    ----------
    core
        The call.
    microphone, speaker, pages, downlink
        The parts of this call.
    timing
        How often pages are asked, how long they may be silent, and how long a call waits for them.
    show_owner
        Called with the owner of the call whenever it changes.
    send_private_state
        Called with a new page, which has received none of the state that travels in messages.
    open_page
        Called with a page without a microphone, which asks for a page that this process serves itself.
    """

    def __init__(
        self,
        core: CallCore,
        microphone: BrowserMicrophone,
        speaker: BrowserSpeaker,
        pages: Pages,
        downlink: Downlink,
        *,
        timing: Timing,
        show_owner: Callable[[str | None], object],
        send_private_state: Callable[[str], object],
        open_page: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        self._core = core
        self._microphone = microphone
        self._speaker = speaker
        self._pages = pages
        self._downlink = downlink
        self._timing = timing
        self._show_owner = show_owner
        self._send_private_state = send_private_state
        self._open_page = open_page
        self._heartbeat = Heartbeat(
            self._send_beat, is_wanted=self._expects_answers, on_silent=self._presume_gone, timing=timing
        )
        self._line_probe = LineProbe(
            downlink,
            is_wanted=lambda: microphone.is_wanted,
            is_in_use=lambda: speaker.is_in_use,
            note_line=speaker.note_line,
            timing=timing,
        )
        self._shown_owner: str | None = None
        self._end_timer: asyncio.TimerHandle | None = None
        """Set while a call waits for a page that may come back."""
        self._beats_without_audio = 0
        self._unplayed_epoch = -1
        """The answer whose failure was reported last."""
        self._silent: set[str] = set()
        """Pages that were presumed gone because they did not answer: they may be back."""
        self._tasks: set[asyncio.Task[None]] = set()
        microphone.on_opening = self._heartbeat.ensure_running
        microphone.on_no_answer = self._presume_gone
        microphone.on_silent = lambda is_silent: core.apply(inputs.MicrophoneSilent(is_silent))

    def receive(self, message: messages.BrowserMessage, *, while_busy: bool = False) -> None:
        """Receive a message; `while_busy` says that it would have come while a cell runs."""
        self._note_answer(message.page_id, while_busy)
        self._measure_line(message)
        match message:
            case messages.Hello(page_id):
                self._welcome(page_id)
                self._speaker.send_device()
                self._send_private_state(page_id)
            case messages.Bye(page_id, page_gone):
                self._say_goodbye(page_id, page_gone)
            case messages.Command(page_id, name):
                self._carry_out(page_id, name)
            case messages.ChooseDevice() | messages.DevicesChanged():
                self._follow_devices(message)
            case messages.SpeakerFailed(page_id, device_id, detail):
                if self._pages.owner in (None, page_id):
                    self._core.apply(inputs.SpeakerFailed(device_id, detail))
            case messages.Alive(page_id):
                if page_id == self._pages.owner:
                    self._check_audio()
            case messages.PlaybackProgress(heard_ms=heard_ms):
                self._speaker.receive(message, self._microphone.age_ms(heard_ms))
            case messages.PlayReceived():
                self._speaker.receive(message)
            case messages.PlaybackFailed():
                self._give_up_answer(message)
            case _:
                self._receive_of_microphone(message)
        self._report_owner()
        self._heartbeat.ensure_running()

    def _receive_of_microphone(self, message: messages.BrowserMessage) -> None:
        self._microphone.receive(message)
        if isinstance(message, messages.MicFailed) and is_due_to_page(message.reason):
            self._pages.demote(message.page_id)

    def _measure_line(self, message: messages.BrowserMessage) -> None:
        match message:
            case messages.Hello(page_id) | messages.MicOpened(page_id) if self._pages.owner in (None, page_id):
                self._line_probe.start(page_id)
            case messages.Probed():
                self._line_probe.receive(message)

    # Whether the pages are there

    def _expects_answers(self) -> bool:
        state = self._core.state
        is_in_use = state.isStarted or state.isStarting or state.isMicStarted or self._microphone.is_wanted
        return is_in_use and bool(self._pages.shown)

    def _send_beat(self) -> None:
        self._downlink.send_deferred(self._build_beat, self._timing.short_delay_s)

    def _build_beat(self) -> messages.Content | None:
        return self._microphone.build_heartbeat(self._pages.owner)

    def _note_answer(self, page_id: str, while_busy: bool) -> None:
        if page_id in self._silent:
            self._welcome(page_id)
        if self._pages.owner in (None, page_id):
            self._heartbeat.answers_while_busy = while_busy
            self._heartbeat.note_answer()

    def _presume_gone(self) -> None:
        """Treat the pages as gone: the owner does not answer, and the others may not be there either.

        All are asked once more: a page that answers is back.
        """
        shown = self._pages.shown
        for page_id in shown:
            self._say_goodbye(page_id, page_gone=True)
        self._silent.update(shown)
        self.ping_pages()
        self._report_owner()

    def ping_pages(self) -> None:
        """Ask every page for an answer."""
        self._downlink.send(self._microphone.build_question())

    def _check_audio(self) -> None:
        """Open the microphone again when its page answers, but none of its audio comes: some was lost on the way."""
        if self.link_report().is_on_hold:
            self._beats_without_audio += 1
        else:
            self._beats_without_audio = 0
        if self._beats_without_audio > self._timing.beats_without_audio:
            self._beats_without_audio = 0
            _log.warning("the page answers, but its audio does not come: the microphone is opened again")
            self._run(self._core.move_mic())

    def link_report(self) -> LinkReport:
        """Return how the audio comes, as it is now; from any thread."""
        state, report = self._core.state, self._microphone.link_report
        listens = state.isMicStarted and not state.isMicMuted
        silent_ms = self._microphone.silent_ms(self._timing.clock_s() * 1000)
        return replace(
            report, is_on_hold=listens and silent_ms > self._timing.hold_ms, underruns=self._speaker.underruns
        )

    def diagnose(self) -> Diagnosis:
        """Follow the latest turn through the call, and say where it breaks; from any thread."""
        report = self.link_report()
        missing_ms = max(report.held_ms, report.dropped_ms + report.stale_ms)
        return self._core.diagnose(LinkFacts(report.is_on_hold, report.lag_ms, missing_ms))

    # What the user asks for

    def _carry_out(self, page_id: str, name: messages.CommandName) -> None:
        core = self._core
        match name:
            case "start" if not (core.state.isStarted or core.state.isStarting):
                if self._pages.owner != page_id:
                    self._take_over(page_id)  # a microphone without a call
                self._pages.owner = page_id
                self._run(core.start())
            case "start" | "take_over":
                self._take_over(page_id)
            case "stop":
                self._run(core.stop())
            case "open_page":
                self._run(self._open_page(page_id))
            case _:
                core.apply(_COMMANDS[name])

    def _take_over(self, page_id: str) -> None:
        """Give microphone and loudspeaker to a page: another one had them, or none, or this one before a reload."""
        state, former_owner = self._core.state, self._pages.owner
        if not (state.isStarted or state.isStarting or state.isMicStarted):
            return  # the call has ended meanwhile
        self._pages.owner = page_id
        if former_owner is not None:
            self._speaker.move(former_owner)
        self._run(self._core.move_mic())

    def _follow_devices(self, message: messages.ChooseDevice | messages.DevicesChanged) -> None:
        """Follow what is plugged in where the microphone is, and what is chosen in any panel."""
        match message:
            case messages.DevicesChanged(page_id, microphones, speakers):
                if page_id == self._pages.owner:
                    self._core.apply(inputs.DevicesListed(microphones, speakers))
            case messages.ChooseDevice(_, "microphone", device_id):
                self._run(self._core.change_mic_device(device_id))
            case messages.ChooseDevice(_, _, device_id):
                self._core.apply(inputs.ChangeSpeakerDevice(device_id))

    def _give_up_answer(self, failed: messages.PlaybackFailed) -> None:
        """Report once that a page cannot play its answer, and count the answer as heard, so that it ends."""
        if not self._speaker.is_playing(failed.page_id, failed.epoch):
            return
        if failed.epoch != self._unplayed_epoch:
            self._unplayed_epoch = failed.epoch
            self._core.apply(inputs.PlaybackFailed(playback_error(failed.reason, failed.detail)))
        self._speaker.lose()

    # Which pages show the call

    def _welcome(self, page_id: str) -> None:
        self._silent.discard(page_id)
        self._pages.add(page_id)
        self._stop_end_timer()

    def _say_goodbye(self, page_id: str, page_gone: bool) -> None:
        """End a call whose panel was removed; a page that is gone has a while to come back."""
        is_owner = self._pages.owner == page_id
        self._pages.remove(page_id)
        self._silent.discard(page_id)
        if is_owner:
            self._microphone.lose("page_gone" if page_gone else "panel_gone")
            self._speaker.lose()
        if not self._pages.shown:
            self._line_probe.stop()
            self._stop_end_timer()
            delay_s = self._timing.rejoin_s if page_gone else 0
            self._end_timer = asyncio.get_running_loop().call_later(delay_s, self._end)

    def _stop_end_timer(self) -> None:
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None

    def _end(self) -> None:
        self._run(self._core.stop())

    def _report_owner(self) -> None:
        owner = self._pages.owner
        if owner != self._shown_owner:
            self._shown_owner = owner
            self._show_owner(owner)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a command that nobody awaits; the panel shows its error."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or isinstance(task.exception(), MicdropError | None):
            return  # the call has reported it
        _log.error("what the panel asked for failed", exc_info=task.exception())
