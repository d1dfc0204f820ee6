"""The browser as the call's microphone. Everything here runs on the loop thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from micdrop_widget.browser import messages
from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.heartbeat import Heartbeat
from micdrop_widget.browser.link import Captured, LinkReport, MicrophoneLink
from micdrop_widget.browser.mic_errors import microphone_error
from micdrop_widget.browser.pages import FrontEnds
from micdrop_widget.call.sources import UnpluggedError
from micdrop_widget.devices import Microphone

__all__ = ["BrowserMicrophone"]

_T = TypeVar("_T")

_ANSWER_S = 10
"""How long a panel may take to say that it got a request."""

_PERMISSION_S = 120
"""How long the user may take to allow the microphone."""

_STREAMS_MS = 500
"""Audio that has come since then is acknowledged sooner than the page takes the kernel for silent."""

_LATE_MS = 60
"""What comes later is acknowledged sooner: the page then sends larger messages (its own figure is the same)."""

_PROCESSED = messages.Constraints(echoCancellation=True, noiseSuppression=True, autoGainControl=True)


class BrowserMicrophone:
    """The microphone of the front end that owns the call.

    Parameters
    ----------
    downlink
        The way to the pages.
    front_ends
        Who shows the panel.
    constraints
        Returns what the browser is asked to do with the sound when the microphone is opened.
    """

    live = True

    def __init__(
        self,
        downlink: Downlink,
        front_ends: FrontEnds,
        constraints: Callable[[], messages.Constraints] = lambda: _PROCESSED,
    ) -> None:
        self._downlink = downlink
        self._front_ends = front_ends
        self._constraints = constraints
        self._request = 0
        self._prompting: asyncio.Future[None] | None = None
        self._opened: asyncio.Future[Microphone] | None = None
        self._frames: asyncio.Queue[Captured | None] = asyncio.Queue()
        self._link = MicrophoneLink()
        self._asked_ms = 0.0
        self._prompt: tuple[float, float, float] | None = None
        self._failure = ""
        self.on_silent: Callable[[], object] = lambda: None
        """Called when the page that has the microphone does not answer any more."""
        self._lifeline = Heartbeat(lambda: downlink.send_deferred(self._tell_alive), self._tell_silent)
        self._label = ""
        self.on_audio: Callable[[], object] = lambda: None
        """Called whenever audio has arrived."""

    @property
    def link_report(self) -> LinkReport:
        """How the audio has come since the microphone was opened."""
        return self._link.report

    def silent_ms(self, now_ms: float) -> float:
        """Return for how long no audio has arrived; 0 before the first."""
        return self._link.silent_ms(now_ms)

    async def open(self, device_id: str | None) -> Microphone:
        """Ask the front end for the microphone.

        Raises
        ------
        MicdropError
            It is not to be had; the message says why and what to do.
        """
        self._request += 1
        self._frames = asyncio.Queue()
        self._link = MicrophoneLink()
        self._failure = ""
        self._prompt = None
        loop = asyncio.get_running_loop()
        self._prompting, self._opened = loop.create_future(), loop.create_future()
        owner = await self._front_ends.choose_owner()
        self._asked_ms = _now_ms()
        self._downlink.send(
            *messages.with_nagle_filler(messages.open_mic(owner, self._request, device_id, self._constraints()))
        )
        self._lifeline.start()
        await self._answer(self._prompting, _ANSWER_S, "no_answer")
        return await self._answer(self._opened, _PERMISSION_S, "no_decision")

    async def _answer(self, answer: asyncio.Future[_T], limit_s: float, reason: str) -> _T:
        assert self._opened is not None
        either: list[asyncio.Future[Any]] = [answer, self._opened]
        await asyncio.wait(either, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if self._opened.done():
            self._opened.result()  # a refusal may come before the prompt is announced
        if not answer.done():
            self._opened.cancel()
            if answer is self._prompting:
                self.on_silent()
            raise microphone_error(reason)
        return answer.result()

    async def frames(self) -> AsyncIterator[Captured]:
        """Yield what arrives, in the order it was captured, until the microphone goes away.

        Raises
        ------
        UnpluggedError
            The device went away.
        MicdropError
            The page or the panel did.
        """
        while (heard := await self._frames.get()) is not None:
            yield heard
        raise UnpluggedError.of(self._label) if self._failure == "ended" else microphone_error(self._failure)

    async def close(self) -> None:
        """Release the microphone, or take back the request for it."""
        self._lifeline.stop()
        self._downlink.send(messages.close_mic(self._request))
        self._request += 1
        self._prompting = self._opened = None
        for tell in (self._acknowledge, self._tell_alive):
            self._downlink.forget(tell)

    def ping_pages(self) -> None:
        """Ask every page whether it is there."""
        self._downlink.send(messages.alive(None, self._request))

    def note_answer(self, front_end: str, *, while_busy: bool) -> None:
        """Note that a page said something; whether it is heard while a cell runs."""
        if front_end == self._front_ends.owner:
            self._lifeline.answers_while_busy = while_busy
            self._lifeline.answer()

    def receive(self, message: messages.BrowserMessage) -> None:
        """Take a message about the microphone; one about an earlier request is ignored."""
        match message:
            case messages.MicPrompting(_, request, sent_ms) if request == self._request:
                self._prompt = sent_ms, self._asked_ms, _now_ms()
                _resolve(self._prompting, None)
            case messages.MicOpened(_, request) if request == self._request:
                self._begin(message.microphone)
            case messages.MicFailed(_, request, reason, detail) if request == self._request:
                if self._opened is not None and not self._opened.done():
                    self._opened.set_exception(microphone_error(reason, detail))
            case messages.MicEnded(_, request) if request == self._request:
                self.lose("ended")
            case messages.AudioFrame(_, request) if request == self._request:
                self._take(message)

    def lose(self, reason: str) -> None:
        """End the microphone: the front end says that it is gone, or is gone itself."""
        self._failure = reason
        self._frames.put_nowait(None)
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(microphone_error(reason))

    def _begin(self, microphone: Microphone) -> None:
        self._label = microphone.label
        self._link = MicrophoneLink(microphone.sample_rate)
        if self._prompt is not None:
            self._link.prompt(*self._prompt)
        _resolve(self._prompting, None)
        _resolve(self._opened, microphone)

    def _take(self, frame: messages.AudioFrame) -> None:
        for heard in self._link.take(frame, _now_ms()):
            self._frames.put_nowait(heard)
        self._downlink.send_deferred(self._acknowledge, soon=self._link.worst_lag_ms > _LATE_MS)
        self.on_audio()

    def _tell_alive(self) -> messages.Content | None:
        """Ask the page whether it is there, and tell it that the kernel is; its audio and what tells of it do both."""
        owner, silent_ms = self._front_ends.owner, self._link.silent_ms(_now_ms())
        return None if owner is None or 0 < silent_ms < _STREAMS_MS else messages.alive(owner, self._request)

    def _tell_silent(self) -> None:
        self.on_silent()

    def _acknowledge(self) -> messages.Content | None:
        """Tell what has arrived: what is not acknowledged for two seconds tells the browser that the kernel is busy."""
        owner = self._front_ends.owner
        if owner is None:
            return None
        return messages.ack(owner, self._request, self._link.received_seq, self._link.take_worst_lag_ms())


def _now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000


def _resolve(future: asyncio.Future[_T] | None, value: _T) -> None:
    if future is not None and not future.done():
        future.set_result(value)
