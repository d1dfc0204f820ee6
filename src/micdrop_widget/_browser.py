"""The browser as the call's microphone and loudspeaker. Everything here runs on the loop thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias, TypeVar

from micdrop_widget import _comm
from micdrop_widget._mic_errors import microphone_error
from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.sinks import HeardReport
from micdrop_widget.sources import Microphone

__all__ = ["BrowserMicrophone", "BrowserSpeaker", "FrontEnds", "Send"]

Send: TypeAlias = Callable[[_comm.Content, list[bytes] | None], None]

_T = TypeVar("_T")

_ANSWER_S = 10
"""How long a panel may take to be shown, and to say that it got a request."""

_PERMISSION_S = 120
"""How long the user may take to allow the microphone."""

_REORDER_FRAMES = 16
"""Half a second: a frame that is later than this is lost."""

_AHEAD_SAMPLES = 2 * SAMPLE_RATE
"""Audio that waits in the browser; the rest waits here, so that no flush queues behind a minute of speech."""


class FrontEnds:
    """The pages that show the panel, and which of them has microphone and speaker."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._arrived = asyncio.Event()
        self.owner: str | None = None

    def hello(self, front_end: str) -> None:
        """Note that a front end shows the panel."""
        if front_end not in self._shown:
            self._shown.append(front_end)
        self._arrived.set()

    def bye(self, front_end: str) -> None:
        """Note that a front end shows it no more."""
        if front_end in self._shown:
            self._shown.remove(front_end)
        if not self._shown:
            self._arrived.clear()
        if self.owner == front_end:
            self.owner = None

    @property
    def any_shown(self) -> bool:
        """Some front end shows the panel."""
        return bool(self._shown)

    async def choose_owner(self) -> str:
        """Return the owner: where Start was pressed, or the first one shown.

        Raises
        ------
        MicdropError
            No panel is shown in time.
        """
        arrived = asyncio.ensure_future(self._arrived.wait())
        try:
            # not wait_for: before Python 3.12 it loses a cancellation that meets the arrival
            done, _ = await asyncio.wait([arrived], timeout=_ANSWER_S)
        finally:
            arrived.cancel()
        if not done:
            raise microphone_error("no_panel")
        if self.owner is None:
            self.owner = self._shown[0]
        return self.owner


class BrowserMicrophone:
    """The microphone of the front end that owns the call.

    Parameters
    ----------
    send
        Sends a custom message; from any thread.
    front_ends
        Who shows the panel.
    """

    live = True

    def __init__(self, send: Send, front_ends: FrontEnds) -> None:
        self._send = send
        self._front_ends = front_ends
        self._request = 0
        self._prompting: asyncio.Future[None] | None = None
        self._opened: asyncio.Future[Microphone] | None = None
        self._frames: asyncio.Queue[Pcm | None] = asyncio.Queue()
        self._late: dict[int, Pcm] = {}
        self._next_seq = 0
        self._failure = ""

    async def open(self, device_id: str | None) -> Microphone:
        """Ask the front end for the microphone.

        Raises
        ------
        MicdropError
            It is not to be had; the message says why and what to do.
        """
        self._request += 1
        self._frames = asyncio.Queue()
        self._late.clear()
        self._next_seq = 0
        self._failure = ""
        loop = asyncio.get_running_loop()
        self._prompting, self._opened = loop.create_future(), loop.create_future()
        owner = await self._front_ends.choose_owner()
        self._send(_comm.open_mic(owner, self._request, device_id), None)
        await self._answer(self._prompting, _ANSWER_S, "no_answer")
        return await self._answer(self._opened, _PERMISSION_S, "no_decision")

    async def _answer(self, answer: asyncio.Future[_T], limit_s: float, reason: str) -> _T:
        assert self._opened is not None
        either: list[asyncio.Future[Any]] = [answer, self._opened]
        await asyncio.wait(either, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if self._opened.done():
            self._opened.result()  # a refusal may come before the prompt is announced
        if not answer.done():
            raise microphone_error(reason)
        return answer.result()

    async def frames(self) -> AsyncIterator[Pcm]:
        """Yield the frames in the order they were captured, until the microphone goes away."""
        while (pcm := await self._frames.get()) is not None:
            yield pcm
        raise microphone_error(self._failure)

    async def close(self) -> None:
        """Release the microphone, or take back the request for it."""
        self._request += 1
        self._send(_comm.close_mic(), None)

    def receive(self, message: _comm.BrowserMessage) -> None:
        """Take a message about the microphone; one about an earlier request is ignored."""
        match message:
            case _comm.MicPrompting(_, request) if request == self._request:
                _resolve(self._prompting, None)
            case _comm.MicOpened(_, request, microphone) if request == self._request:
                _resolve(self._prompting, None)
                _resolve(self._opened, microphone)
            case _comm.MicFailed(_, request, reason, detail) if request == self._request:
                if self._opened is not None and not self._opened.done():
                    self._opened.set_exception(microphone_error(reason, detail))
            case _comm.MicEnded(_, request) if request == self._request:
                self.lose("ended")
            case _comm.AudioFrame(_, request, seq, _, _, pcm) if request == self._request:
                self._sort_in(seq, pcm)

    def lose(self, reason: str) -> None:
        """End the microphone: the front end says that it is gone, or is gone itself."""
        self._failure = reason
        self._frames.put_nowait(None)
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(microphone_error(reason))

    def _sort_in(self, seq: int, pcm: Pcm) -> None:
        """Put a frame where it belongs: threads of the kernel may overtake each other, and repeat."""
        if seq < self._next_seq:
            return
        self._late[seq] = pcm
        if max(self._late) - self._next_seq >= _REORDER_FRAMES:
            self._next_seq = min(self._late)  # what is missing is lost
        while self._next_seq in self._late:
            self._frames.put_nowait(self._late.pop(self._next_seq))
            self._next_seq += 1


class BrowserSpeaker:
    """The loudspeaker of the front end that owns the call.

    Parameters
    ----------
    send
        Sends a custom message; from any thread.
    front_ends
        Who shows the panel.
    """

    live = True

    def __init__(self, send: Send, front_ends: FrontEnds) -> None:
        self._send = send
        self._front_ends = front_ends
        self._report: HeardReport = lambda epoch, samples: None
        self._device_id: str | None = None
        self._begin(0)

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._waiting: deque[Pcm] = deque()
        self._sent = 0
        self._heard = 0

    def bind(self, report: HeardReport) -> None:
        """Take the function to report to."""
        self._report = report

    def play(self, epoch: int, pcm: Pcm) -> None:
        """Play samples after those before them."""
        if epoch > self._epoch:
            self._begin(epoch)
        self._waiting.append(pcm)
        if self._front_ends.owner is None:
            self.lose()
        else:
            self._send_ahead()

    def lose(self) -> None:
        """Give the answer up: there is no page any more that plays it, so it is over."""
        rest = sum(len(pcm) for pcm in self._waiting)
        self._waiting.clear()
        self._sent += rest
        if self._sent > self._heard:
            self._heard = self._sent
            self._report(self._epoch, self._heard)

    def flush(self, epoch: int) -> None:
        """Be silent at once."""
        if epoch > self._epoch:
            self._begin(epoch)
        self._send(_comm.flush(self._epoch), None)

    def select(self, device_id: str) -> None:
        """Play on another loudspeaker, on every page that shows the call."""
        self._device_id = device_id
        self.tell_device()

    def tell_device(self) -> None:
        """Tell the pages which loudspeaker was chosen, if one was: a page that is new does not know it."""
        if self._device_id is not None:
            self._send(_comm.set_speaker(self._device_id), None)

    def receive(self, report: _comm.HeardReport) -> None:
        """Take the front end's word for what was heard."""
        if report.epoch != self._epoch or report.front_end != self._front_ends.owner:
            return
        self._heard = max(self._heard, report.samples)
        self._send_ahead()
        self._report(report.epoch, report.samples)

    def _send_ahead(self) -> None:
        owner = self._front_ends.owner
        while owner is not None and self._waiting and (room := _AHEAD_SAMPLES - (self._sent - self._heard)) > 0:
            pcm, rest = self._waiting[0][:room], self._waiting[0][room:]
            if len(rest):
                self._waiting[0] = rest
            else:
                self._waiting.popleft()
            self._send(*_comm.play(owner, self._epoch, self._sent, pcm))
            self._sent += len(pcm)


def _resolve(future: asyncio.Future[_T] | None, value: _T) -> None:
    if future is not None and not future.done():
        future.set_result(value)
