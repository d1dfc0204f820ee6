"""The browser as the call's microphone. Everything here runs on the loop thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from micdrop_widget.browser import messages
from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.link import Captured, LinkReport, MicrophoneLink
from micdrop_widget.browser.mic_errors import microphone_error
from micdrop_widget.browser.pages import Pages
from micdrop_widget.browser.timing import Timing
from micdrop_widget.call.sources import UnpluggedError
from micdrop_widget.devices import Microphone

__all__ = ["BrowserMicrophone"]

_T = TypeVar("_T")

_PROCESSED = messages.Constraints(echoCancellation=True, noiseSuppression=True, autoGainControl=True)


class BrowserMicrophone:
    """The microphone of the page that owns the call.

    Parameters
    ----------
    downlink
        Sends messages to the pages.
    pages
        The pages that show the panel.
    timing
        How long a page, and its user, may take to answer.
    constraints
        Returns the processing that the browser is asked for when the microphone is opened.
    """

    live = True

    def __init__(
        self,
        downlink: Downlink,
        pages: Pages,
        timing: Timing,
        constraints: Callable[[], messages.Constraints] = lambda: _PROCESSED,
    ) -> None:
        self._downlink = downlink
        self._pages = pages
        self._timing = timing
        self._constraints = constraints
        self._request = 0
        self._prompting: asyncio.Future[None] | None = None
        self._opened: asyncio.Future[Microphone] | None = None
        self._frames: asyncio.Queue[Captured | None] = asyncio.Queue()
        self._link = MicrophoneLink()
        self._asked_ms = 0.0
        self._prompt_times_ms: tuple[float, float, float] | None = None
        self._failure = ""
        self._label = ""
        self.on_opening: Callable[[], object] = lambda: None
        """Called when a page is asked for the microphone: from now on its answers are expected."""
        self.on_no_answer: Callable[[], object] = lambda: None
        """Called when that page does not confirm the request in time."""
        self.on_silent: Callable[[bool], object] = lambda is_silent: None
        """Called when the page reports that the device muted itself, or no longer is muted."""
        self.on_audio: Callable[[], object] = lambda: None
        """Called whenever audio has arrived."""

    @property
    def is_wanted(self) -> bool:
        """Whether a page was asked for the microphone, and not yet asked to release it."""
        return self._opened is not None

    @property
    def link_report(self) -> LinkReport:
        """How the audio has arrived since the microphone was opened."""
        return self._link.report

    def age_ms(self, page_ms: float) -> float:
        """Return how long ago something was, by the clock of the page that has the microphone."""
        return self._link.age_ms(page_ms, _now_ms())

    def silent_ms(self, now_ms: float) -> float:
        """Return for how long no audio has arrived; 0 before the first."""
        return self._link.silent_ms(now_ms)

    async def open(self, device_id: str | None) -> Microphone:
        """Ask the owner for the microphone.

        Raises
        ------
        MicdropError
            It cannot be opened; the message says why and what to do.
        """
        self._request += 1
        self._frames = asyncio.Queue()
        self._link = MicrophoneLink()
        self._failure = ""
        self._prompt_times_ms = None
        loop = asyncio.get_running_loop()
        self._prompting, self._opened = loop.create_future(), loop.create_future()
        owner = await self._pages.choose_owner()
        self._asked_ms = _now_ms()
        request = messages.open_mic(owner, self._request, device_id, self._constraints())
        self._downlink.send(request, urgent=True)
        self.on_opening()
        await self._answer(self._prompting, self._timing.request_s, "no_answer")
        return await self._answer(self._opened, self._timing.permission_s, "no_decision")

    async def _answer(self, answer: asyncio.Future[_T], limit_s: float, reason: str) -> _T:
        assert self._opened is not None
        either: list[asyncio.Future[Any]] = [answer, self._opened]
        await asyncio.wait(either, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if self._opened.done():
            self._opened.result()  # a refusal may come before the prompt is announced
        if not answer.done():
            self._opened.cancel()
            if answer is self._prompting:
                self.on_no_answer()
            raise microphone_error(reason)
        return answer.result()

    async def frames(self) -> AsyncIterator[Captured]:
        """Yield the samples and gaps that arrive, in the order of their capture, until the microphone goes away.

        Raises
        ------
        UnpluggedError
            The device went away.
        MicdropError
            The page or the panel went away.
        """
        while (captured := await self._frames.get()) is not None:
            yield captured
        raise UnpluggedError.of(self._label) if self._failure == "ended" else microphone_error(self._failure)

    async def close(self) -> None:
        """Release the microphone, or take back the request for it."""
        self._downlink.send(messages.close_mic(self._request))
        self._request += 1
        self._prompting = self._opened = None
        self._downlink.cancel(self._build_ack)

    def build_heartbeat(self, page_id: str | None) -> messages.Content | None:
        """Return the heartbeat for a page, or for all; None while audio and its acknowledgements serve as one."""
        is_streaming = 0 < self._link.silent_ms(_now_ms()) < self._timing.streaming_ms
        return None if is_streaming and self.is_wanted else self.build_question(page_id)

    def build_question(self, page_id: str | None = None) -> messages.Content:
        """Return the heartbeat for a page, or for all, whether audio streams or not."""
        return messages.alive(page_id, self._request)

    def receive(self, message: messages.BrowserMessage) -> None:
        """Receive a message about the microphone; one about an earlier request is ignored."""
        match message:
            case messages.MicPrompting(_, request, sent_ms) if request == self._request:
                self._prompt_times_ms = sent_ms, self._asked_ms, _now_ms()
                _resolve(self._prompting, None)
            case messages.MicOpened(_, request) if request == self._request:
                self._begin(message.microphone)
            case messages.MicFailed(_, request, reason, detail) if request == self._request:
                if self._opened is not None and not self._opened.done():
                    self._opened.set_exception(microphone_error(reason, detail))
            case messages.MicEnded(_, request) if request == self._request:
                self.lose("ended")
            case messages.MicSilent(_, request, is_silent) if request == self._request:
                self.on_silent(is_silent)
            case messages.AudioFrame(_, request) if request == self._request:
                self._receive_audio(message)

    def lose(self, reason: str) -> None:
        """End the microphone: its page reports that it is gone, or is gone itself."""
        self._failure = reason
        self._frames.put_nowait(None)
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(microphone_error(reason))

    def _begin(self, microphone: Microphone) -> None:
        self._label = microphone.label
        self._link = MicrophoneLink(microphone.sample_rate)
        if self._prompt_times_ms is not None:
            self._link.set_clock(*self._prompt_times_ms)
        _resolve(self._prompting, None)
        _resolve(self._opened, microphone)

    def _receive_audio(self, frame: messages.AudioFrame) -> None:
        for captured in self._link.receive(frame, _now_ms()):
            self._frames.put_nowait(captured)
        timing = self._timing
        is_late = self._link.worst_delay_ms > timing.late_ms
        self._downlink.send_deferred(self._build_ack, timing.short_delay_s if is_late else timing.long_delay_s)
        self.on_audio()

    def _build_ack(self) -> messages.Content | None:
        """Acknowledge the audio that has arrived: after two seconds without this the page is on hold."""
        owner = self._pages.owner
        if owner is None:
            return None
        return messages.ack(owner, self._request, self._link.received_seq, *self._link.pop_delays_ms())


def _now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000


def _resolve(future: asyncio.Future[_T] | None, value: _T) -> None:
    if future is not None and not future.done():
        future.set_result(value)
