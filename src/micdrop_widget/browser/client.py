"""What every client whose call is in pages offers: the widget in a notebook, and the page that Python serves itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl as ssl_module
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from micdrop_widget._keywords import NOT_GIVEN, suggests_keywords
from micdrop_widget._threads import Lease
from micdrop_widget.browser.future import CallFuture, CallThreadGuard, GuardedEventFuture, WaitGuard
from micdrop_widget.browser.link import LinkReport
from micdrop_widget.browser.page_call import PageCall
from micdrop_widget.browser.reporting import ReportingClient
from micdrop_widget.browser.timing import Timing
from micdrop_widget.call.credentials import HeadersOption, ParamsOption
from micdrop_widget.call.events import CallVAD
from micdrop_widget.call.options import CallOptions, ReconnectOption, RecordOption, describes_options, options_in
from micdrop_widget.call.proxies import ProxyOption
from micdrop_widget.call.subscriptions import EventFuture, Inbox
from micdrop_widget.devices import Microphone
from micdrop_widget.errors import CallClosedError
from micdrop_widget.history.call_content import FolderOption
from micdrop_widget.history.diagnosis import Diagnosis
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turns
from micdrop_widget.state import MicdropState, inputs
from micdrop_widget.turn import TurnDetector
from micdrop_widget.vad import VadOption

__all__ = ["BrowserClient"]

_T = TypeVar("_T")
_C = TypeVar("_C", bound="BrowserClient")

_log = logging.getLogger("micdrop_widget.browser.client")


class BrowserClient(ReportingClient):
    """A call in pages, from any thread: commands go to the loop thread, events to handlers on a thread of their own.

    A client that derives from it calls `_set_up`, and adds the carriers of the pages to `_call`.
    """

    _timing = Timing()
    _close_s = 5.0
    """How long `close` takes at most, in seconds."""

    _ended = True  # until `__init__` is through: a client whose options are wrong has nothing to close

    def _set_up(self, options: CallOptions) -> None:
        vad = CallVAD(lambda: self._call.core.detector, lambda: self._call.core.speech_status, self._handler_type)
        self._set_up_reports(vad)
        self._call = PageCall(options, self._listener, self._timing)
        self._lease = Lease()
        self._wait_guard: WaitGuard = CallThreadGuard(self._carries_the_call)

    def __repr__(self) -> str:
        if self._ended:
            return f"<{type(self).__name__} closed>"
        core = self._call.core
        return f"<{type(self).__name__} {core.phase.value}, {core.options!r}>"

    # The public API

    @property
    def options(self) -> CallOptions:
        """The options in use; their repr hides what may be secret."""
        return self._call.core.options

    @property
    def turns(self) -> Turns:
        """One row per turn of the latest call."""
        return self._call.core.turns

    @property
    def recording(self) -> Recording | None:
        """What the latest call sounded like; it stays in the kernel. See `MicdropClient.recording`.

        When the cell that made a widget is run again, keep what this returns: the old widget is closed, and has it
        for as long only as somebody else does.
        """
        return self._call.core.recording

    @property
    def saved_to(self) -> Path | None:
        """The folder of the latest call, with the option `save_to`; complete when the call has ended."""
        return self._call.core.saved_to

    @property
    def vad(self) -> CallVAD:
        """The voice activity detection; its handlers run as those of `on` do. See `MicdropClient.vad`."""
        return self._vad

    @property
    def microphone(self) -> Microphone | None:
        """The microphone in use, and what the browser really applied to it. See `MicdropClient.microphone`."""
        return self._call.core.microphone

    @property
    def microphone_level_db(self) -> float:
        """Level of what the call listens to. See `MicdropClient.microphone_level_db`."""
        return self._call.core.levels.microphone_db

    @property
    def speaker_level_db(self) -> float:
        """Level of what is heard of the assistant. See `MicdropClient.speaker_level_db`."""
        return self._call.core.levels.speaker_db

    @property
    def link(self) -> LinkReport:
        """How the microphone's audio comes from the browser to the kernel; a snapshot, from any thread."""
        return self._call.link_report()

    @suggests_keywords
    @describes_options
    def start(
        self,
        *,
        url: str | None = NOT_GIVEN,
        params: ParamsOption | None = NOT_GIVEN,
        vad: VadOption = NOT_GIVEN,
        turn_detector: TurnDetector | None = NOT_GIVEN,
        turn_max_wait_ms: float = NOT_GIVEN,
        disable_interruption: bool = NOT_GIVEN,
        echo_cancellation: bool = NOT_GIVEN,
        noise_suppression: bool = NOT_GIVEN,
        auto_gain_control: bool = NOT_GIVEN,
        reconnect: ReconnectOption = NOT_GIVEN,
        headers: HeadersOption | None = NOT_GIVEN,
        subprotocols: Sequence[str] | None = NOT_GIVEN,
        proxy: ProxyOption = NOT_GIVEN,
        ssl: ssl_module.SSLContext | None = NOT_GIVEN,
        ping_interval_s: float | None = NOT_GIVEN,
        record: RecordOption = NOT_GIVEN,
        save_to: FolderOption | None = NOT_GIVEN,
        debug_log: bool = NOT_GIVEN,
    ) -> CallFuture[None]:
        """Begin the call; awaiting it returns when the call is ready and raises `MicdropError` when it cannot be.

        The panel must be shown: it opens the microphone. The rest is as of `MicdropClient.start`.

        Parameters
        ----------
        url
            Address of the server, `ws://` or `wss://`; a call without one fails with `MissingUrl`.
        <options>

        Raises
        ------
        TypeError, ValueError
            An option is unknown, or not what it should be; nothing was begun.
        """
        options = options_in(locals())
        self.options.merged(options)  # a wrong option is the caller's error, here and now
        return self._run(self._call.core.start(options))

    def stop(self, *, graceful: bool = False) -> CallFuture[None]:
        """End the call; graceful: when the assistant has been heard to the end. See `MicdropClient.stop`."""
        return self._run(self._call.core.stop(graceful=graceful))

    def start_mic(self, *, vad: VadOption = NOT_GIVEN, device_id: str | None = None) -> CallFuture[None]:
        """Open the microphone without a call. See `MicdropClient.start_mic`."""
        options = options_in(locals())
        self.options.merged(options)
        return self._run(self._call.core.start_mic(options, device_id=device_id))

    def change_mic_device(self, device_id: str) -> CallFuture[None]:
        """Use another microphone, one of `micDevices`. See `MicdropClient.change_mic_device`."""
        return self._run(self._call.core.change_mic_device(device_id))

    def change_speaker_device(self, device_id: str) -> CallFuture[None]:
        """Play on another loudspeaker, one of `speakerDevices`. Some browsers then stop cancelling echo."""
        return self._run(self._apply(inputs.ChangeSpeakerDevice(device_id)))

    def diagnose(self) -> Diagnosis:
        """Follow the latest turn through the call, and say where it breaks. See `MicdropClient.diagnose`."""
        return self._call.diagnose()

    def pause(self) -> CallFuture[None]:
        """Stop listening and playing, and cancel the running answer; the connection stays. It ends with the call.

        Without a call nothing happens, while `mute()` holds for the calls to come.
        """
        return self._run(self._apply(inputs.Pause()))

    def resume(self) -> CallFuture[None]:
        """End the pause."""
        return self._run(self._apply(inputs.Resume()))

    def mute(self) -> CallFuture[None]:
        """Stop listening; answers go on playing. Holds across calls, until `unmute()`."""
        return self._run(self._apply(inputs.Mute()))

    def unmute(self) -> CallFuture[None]:
        """Listen again."""
        return self._run(self._apply(inputs.Unmute()))

    def set_turn_detector(self, turn_detector: TurnDetector | None) -> CallFuture[None]:
        """Let another detector decide when a turn is over, from now on. See `MicdropClient.set_turn_detector`."""
        return self._run(self._merged({"turn_detector": turn_detector}))

    def set_turn_max_wait(self, turn_max_wait_ms: float) -> CallFuture[None]:
        """Keep a turn that is not complete open for so long in silence. See `MicdropClient.set_turn_max_wait`."""
        return self._run(self._merged({"turn_max_wait_ms": turn_max_wait_ms}))

    def clear_conversation(self) -> CallFuture[None]:
        """Forget what was said so far. See `MicdropClient.clear_conversation`."""
        return self._run(self._apply(inputs.ClearConversation()))

    def save(self, folder: FolderOption, *, turn_wavs: bool = False) -> Path:
        """Keep the latest call in a folder, which `load_call` reads. See `MicdropClient.save`."""
        return self._call.core.save(folder, turn_wavs=turn_wavs)

    def __enter__(self: _C) -> _C:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self: _C) -> _C:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)  # which blocks until the microphone is released

    def close(self) -> None:
        """End the call, release microphone, socket and threads, and close the panel. May be called again.

        It returns within seconds, whatever hangs: a server, a detector, a handler.
        """
        if self._ended:
            return
        end_s = time.monotonic() + self._close_s

        def left_s() -> float:
            return max(0.1, end_s - time.monotonic())

        stopping = self._lease.thread.submit(self._call.core.stop())
        self._ended = True
        with contextlib.ExitStack() as rest:  # from the last line to the first, each whatever the others do
            self._end_reports(rest, left_s)
            rest.callback(lambda: self._lease.release(join_s=left_s()))
            self._end_pages(rest, left_s)
            try:
                stopping.result(timeout=left_s())
            except Exception:  # noqa: BLE001 - whatever failed, the rest is released all the same
                _log.exception("the call did not end properly")

    # What each kind of client does in its own way

    def _end_pages(self, rest: contextlib.ExitStack, left_s: Callable[[], float]) -> None:
        """Register the ends of what needs the loop thread, for when the call has ended; the last one runs first."""

    def _carries_the_call(self) -> bool:
        """Return whether this thread carries the call, and so must not wait for it."""
        return self._lease.thread.is_current

    def _state_now(self) -> MicdropState:
        return self._call.core.state

    # To the loop thread

    def _run(self, work: Coroutine[Any, Any, _T]) -> CallFuture[_T]:
        if self._ended:
            work.close()
            raise CallClosedError
        return CallFuture(self._reported(self._lease.thread.submit(work)), self._wait_guard, self._handler_thread.call)

    def _future_of(self, inbox: Inbox, matches: Callable[[Any], object], **rest: Any) -> EventFuture[Any]:  # noqa: ANN401
        future: GuardedEventFuture[Any] = GuardedEventFuture(inbox, matches, **rest)
        future.wait_guard = self._wait_guard
        return future

    async def _apply(self, command: inputs.Input) -> None:
        self._call.core.apply(command)

    def _merged(self, options: Mapping[str, Any]) -> Coroutine[Any, Any, None]:
        self.options.merged(options)  # a wrong option is the caller's error, here and now

        async def merge() -> None:
            self._call.core.merge(options)

        return merge()
