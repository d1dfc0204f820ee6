"""`MicdropWidget`: a call with a Micdrop server in a notebook cell. A thin adapter: it holds no call logic.

Messages of the browser become commands of a `CallCore` on the loop thread; its states become traits on the trait
thread, and its events calls of the user's handlers on the handler thread.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import functools
import logging
import pathlib
import ssl as ssl_module
import sys
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, TypeVar

import anywidget
import traitlets

from micdrop_widget._keywords import NOT_GIVEN, suggests_keywords
from micdrop_widget._threads import Lease, WorkerThread
from micdrop_widget.browser import (
    BrowserMicrophone,
    BrowserSpeaker,
    Downlink,
    LinkReport,
    Pages,
    PanelController,
    PrivateState,
    Timing,
    VadReadout,
    messages,
)
from micdrop_widget.call.call_events import CallEvents, value_of
from micdrop_widget.call.core import CallCore
from micdrop_widget.call.credentials import HeadersOption, ParamsOption
from micdrop_widget.call.events import CallVAD, Handler, Handlers, InContext
from micdrop_widget.call.options import (
    RECONNECT,
    CallOptions,
    ReconnectOption,
    RecordOption,
    describes_options,
    options_in,
)
from micdrop_widget.call.proxies import ProxyOption
from micdrop_widget.call.subscriptions import EventFuture, Inbox, Subscriptions
from micdrop_widget.devices import Microphone
from micdrop_widget.errors import CallClosedError
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turns
from micdrop_widget.jupyter import ipykernel, traits
from micdrop_widget.jupyter.carrier import JupyterCarrier
from micdrop_widget.jupyter.completions import complete_event_names
from micdrop_widget.jupyter.future import CallFuture, WidgetEventFuture
from micdrop_widget.jupyter.handlers import HandlerThread, MessageHandler, TraitObserver
from micdrop_widget.jupyter.reach import BrowserReach
from micdrop_widget.jupyter.reruns import Reruns
from micdrop_widget.jupyter.waiting_calls import HandlerCall, UserHandler
from micdrop_widget.protocol import EventName
from micdrop_widget.server.cells import current_place
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.state import MicdropState, Phase, inputs
from micdrop_widget.turn import TurnDetector
from micdrop_widget.vad import VadOption

__all__ = ["MicdropWidget"]

_T = TypeVar("_T")

_log = logging.getLogger("micdrop_widget.jupyter.widget")

_STATIC = pathlib.Path(__file__).parents[1] / "static"


_open: weakref.WeakSet[MicdropWidget] = weakref.WeakSet()
_reruns = Reruns()


@atexit.register
def _close_all() -> None:
    """Let no page listen for a kernel that ends; Jupyter does not report the end that another client has asked for."""
    for call in tuple(_open):
        call.close()


@describes_options
class MicdropWidget(CallEvents, anywidget.AnyWidget):
    """A voice call with a Micdrop server: put it on the last line of a cell to see the call panel.

    The browser is microphone and loudspeaker. `with MicdropWidget(url) as call:` closes the call at its end.

    Parameters
    ----------
    url
        Address of the server, `ws://` or `wss://`; a call without one fails with `MissingUrl`.
    <options>

    Raises
    ------
    TypeError
        An unknown option (the message names the nearest known one), or one of the wrong type.
    ValueError
        An option that cannot be used; the message says what was expected.

    Notes
    -----
    Every method but `close` returns at once, from any thread; what it returns may be awaited or ignored. Each trait is
    a field of `MicdropState`, which says what it means; `state` is the whole snapshot. One thread writes the traits,
    and no page. What was said, the names of devices and errors are not synced, so that no saved notebook holds them:
    the panel gets them in messages.

    The handlers of `on`, `observe`, `on_msg` and `vad.on` are called in order, with their prints and tracebacks under
    the cell that registered them: on a thread of their own, and async ones on the event loop of that cell, each to
    its end before it is called again. The call and the panel never wait for them. A handler that others have waited
    for by more than a second is reported once, and until they have caught up, partial messages and changes of one
    trait are merged; of more than 1 000 waiting calls the oldest are dropped, which is reported as well.
    """

    _esm = _STATIC / "widget.js"
    _css = _STATIC / "widget.css"

    isStarting = traits.flag()
    isStarted = traits.flag()
    isReconnecting = traits.flag()
    isMuted = traits.flag()
    isPaused = traits.flag()
    isListening = traits.flag()
    isProcessing = traits.flag()
    isUserSpeaking = traits.flag()
    isAssistantSpeaking = traits.flag()
    isMicStarted = traits.flag()
    isMicMuted = traits.flag()
    micDeviceId = traits.name()
    speakerDeviceId = traits.name()
    micDevices = traits.sequence()
    speakerDevices = traits.sequence()
    conversation = traits.sequence()
    partialAssistantMessage = traits.text()
    error = traits.error()
    state = traitlets.Instance(MicdropState, (), read_only=True)
    _owner = traits.name()
    _comm_id = traits.name()
    _closed = traits.flag()

    _close_s = 5.0
    """How long `close` waits for what it ends, all in all."""

    _timing = Timing()
    _ended = True  # until it is made whole: one whose options are wrong has nothing to close

    @suggests_keywords
    def __init__(
        self,
        url: str | None = None,
        *,
        params: ParamsOption | None = None,
        vad: VadOption = "silero",
        turn_detector: TurnDetector | None = None,
        turn_max_wait_ms: float = 4000,
        disable_interruption: bool = False,
        echo_cancellation: bool = True,
        noise_suppression: bool = True,
        auto_gain_control: bool = True,
        reconnect: ReconnectOption = RECONNECT,
        headers: HeadersOption | None = None,
        subprotocols: Sequence[str] | None = None,
        proxy: ProxyOption = True,
        ssl: ssl_module.SSLContext | None = None,
        ping_interval_s: float | None = 20,
        record: RecordOption = True,
        debug_log: bool = False,
    ) -> None:
        options = CallOptions.of(options_in(locals()))
        self.place = current_place()
        self._context = contextvars.copy_context()
        self._handler_thread = HandlerThread("micdrop-handlers")
        super().__init__()
        self._trait_thread = WorkerThread(f"micdrop-traits-{self.model_id[:8]}")
        self._reach = BrowserReach(self._ping_pages, self._carries_the_call)
        self._handlers = Handlers(UserHandler)
        self._subscriptions = Subscriptions()
        self._vad = CallVAD(lambda: self._core.detector, lambda: self._core.speech_status, UserHandler)
        timing, carrier = self._timing, JupyterCarrier(self.send)
        downlink, pages = Downlink(carrier, timing), Pages(timing)
        self._pages = pages
        self._microphone = BrowserMicrophone(downlink, pages, timing, self._constraints)
        self._speaker = BrowserSpeaker(downlink, pages, timing)
        self._private_state = PrivateState(carrier.send)
        self._core = CallCore(options, self._microphone, self._speaker, _Listener(self))
        readout = VadReadout(
            downlink, pages, timing, state=lambda: self._core.state, detector=lambda: self._core.detector
        )
        self._microphone.on_audio = readout.update
        self._panel = PanelController(
            self._core,
            self._microphone,
            self._speaker,
            pages,
            downlink,
            timing=timing,
            show_owner=self._show_owner,
            send_private_state=self._show_private_state,
        )
        self._lease = Lease()
        self._installation: ipykernel.Installation | None = None
        if self.comm is not None:
            self._installation = ipykernel.install(self.comm, self._handle_custom_msg)
            carrier.publish_idle = self._installation.publish_idle
            self._reach.is_sure = self._installation.receives_while_busy
            if not ipykernel.is_switched_off():
                self.set_trait("_comm_id", self.model_id)
        self._ended = False
        _open.add(self)
        _reruns.add(self)
        complete_event_names()

    def __repr__(self) -> str:
        if self._ended:
            return "<MicdropWidget closed>"
        return f"<MicdropWidget {self._core.phase.value}, {self._core.options!r}>"

    # The public API

    @property
    def options(self) -> CallOptions:
        """The options in use; their repr hides what may be secret."""
        return self._core.options

    @property
    def turns(self) -> Turns:
        """One row per turn of the latest call."""
        return self._core.turns

    @property
    def recording(self) -> Recording | None:
        """What the latest call sounded like; it stays in the kernel. See `MicdropClient.recording`.

        When the cell that made the widget is run again, keep what this returns: the old widget is closed, and has it
        for as long only as somebody else does.
        """
        return self._core.recording

    @property
    def vad(self) -> CallVAD:
        """The voice activity detection; its handlers run as those of `on` do. See `MicdropClient.vad`."""
        return self._vad

    @property
    def microphone(self) -> Microphone | None:
        """The microphone in use, and what the browser really applied to it. See `MicdropClient.microphone`."""
        return self._core.microphone

    @property
    def link(self) -> LinkReport:
        """How the microphone's audio comes from the browser to the kernel; a snapshot, from any thread."""
        return self._panel.link_report()

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
        self._core.options.merged(options)  # a wrong option is the caller's error, here and now
        return self._run(self._core.start(options))

    def stop(self, *, graceful: bool = False) -> CallFuture[None]:
        """End the call; graceful: when the assistant has been heard to the end. See `MicdropClient.stop`."""
        return self._run(self._core.stop(graceful=graceful))

    def start_mic(self, *, vad: VadOption = NOT_GIVEN, device_id: str | None = None) -> CallFuture[None]:
        """Open the microphone without a call. See `MicdropClient.start_mic`."""
        options = options_in(locals())
        self._core.options.merged(options)
        return self._run(self._core.start_mic(options, device_id=device_id))

    def change_mic_device(self, device_id: str) -> CallFuture[None]:
        """Use another microphone, one of `micDevices`. See `MicdropClient.change_mic_device`."""
        return self._run(self._core.change_mic_device(device_id))

    def change_speaker_device(self, device_id: str) -> CallFuture[None]:
        """Play on another loudspeaker, one of `speakerDevices`. Some browsers then stop cancelling echo."""
        return self._run(self._apply(inputs.ChangeSpeakerDevice(device_id)))

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

    def observe(self, handler: Handler, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: ANN401
        """Call a function when a trait changes; see the notes above, and `traitlets.HasTraits.observe`."""
        if isinstance(handler, traitlets.EventHandler):  # a decorated method
            if handler.this_class is None or not issubclass(handler.this_class, MicdropWidget):
                super().observe(handler, names=names, type=type)  # of ipywidgets itself, which waits for it
                return
            handler = handler.__get__(self, MicdropWidget)
        super().observe(TraitObserver(handler, self._call_handler), names=names, type=type)

    def on_msg(self, callback: Handler, remove: bool = False) -> None:
        """Call a function at each message of the panel; see the notes above, and `ipywidgets.Widget.on_msg`."""
        super().on_msg(MessageHandler(callback, self._call_handler), remove=remove)

    def __enter__(self) -> MicdropWidget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> MicdropWidget:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)  # which blocks until the microphone is released

    def close(self) -> None:
        """End the call, release microphone, socket and threads, and close the panel. Again is no error.

        It returns within seconds, whatever hangs: a server, a detector, a handler.
        """
        if self._ended:
            return
        end_s = time.monotonic() + self._close_s

        def left_s() -> float:
            return max(0.1, end_s - time.monotonic())

        stopping = self._lease.thread.submit(self._core.stop())
        self._ended = True
        with contextlib.ExitStack() as rest:  # from the last line to the first, each whatever the others do
            if self._installation is not None:
                rest.callback(self._installation.remove)
            rest.callback(super().close)
            rest.callback(lambda: self._handler_thread.stop(join_s=left_s()))
            rest.callback(lambda: self._trait_thread.stop(join_s=left_s()))
            rest.callback(self._trait_thread.post, self._subscriptions.close)
            rest.callback(self._trait_thread.post, lambda: self.set_trait("_closed", True))
            rest.callback(lambda: self._lease.release(join_s=left_s()))
            try:
                stopping.result(timeout=left_s())
            except Exception:  # noqa: BLE001 - whatever it is: what it was to end is released all the same
                _log.exception("the call did not end properly")

    @property
    def is_in_use(self) -> bool:
        """Whether a page shows the panel, or a call is under way."""
        return not self._ended and (bool(self._pages.shown) or self._core.phase is not Phase.IDLE)

    def discard(self) -> None:
        """Close what an earlier run of the cell has made, and keep its recording only while somebody else has it."""
        self.close()
        self._core.release_recording()

    # From and to the browser

    def _constraints(self) -> messages.Constraints:
        options = self._core.options
        return messages.Constraints(
            echoCancellation=options.echo_cancellation,
            noiseSuppression=options.noise_suppression,
            autoGainControl=options.auto_gain_control,
        )

    def send(self, content: object, buffers: list[bytes] | None = None) -> None:
        """Send a custom message to every page; from any thread. See `ipywidgets.Widget.send`."""
        self._send_in_context(super().send, content, buffers)

    def send_state(self, key: Any = None) -> None:  # noqa: ANN401 - as ipywidgets has it
        """Send traits to every page; see `ipywidgets.Widget.send_state`."""
        self._send_in_context(super().send_state, key)

    def _send_in_context(self, send: Callable[..., object], *arguments: object) -> None:
        try:
            send(*arguments)
        except LookupError:
            # ipykernel 7.0 finds what a message is a consequence of in the context alone, where other threads have none
            self._context.copy().run(send, *arguments)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignore what a front end writes: the traits are the kernel's to write."""
        if sync_data:
            _log.debug("a front end wrote %s; ignored", sorted(sync_data))

    def _handle_custom_msg(self, content: object, buffers: Sequence[memoryview]) -> None:
        """Receive a message on whatever thread the kernel does, and hand it over to the loop."""
        self._reach.note_message()
        self._msg_callbacks(self, content, buffers)
        try:
            parsed = messages.parse_messages(content, buffers)
        except ValueError as error:
            _log.warning("the panel sent a message that cannot be read: %s", error)
            return
        if not self._ended:
            while_busy = threading.current_thread() is not threading.main_thread()
            for message in parsed:
                self._lease.thread.call(functools.partial(self._panel.receive, message, while_busy=while_busy))
                if isinstance(message, messages.Bye):
                    self._lease.thread.call(_reruns.check, self)

    # To the traits and the handlers

    def _show_owner(self, owner: str | None) -> None:
        self._trait_thread.post(lambda: self.set_trait("_owner", owner))

    def _show_private_state(self, page_id: str) -> None:
        self._trait_thread.post(lambda: self._private_state.publish_whole(page_id))

    def _emit(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        """Hand an event over to the traits, to who waits for it, and to the handlers; on the trait thread."""
        if event == "StateChange":
            self._show(*arguments)
            _reruns.check(self)
        self._subscriptions.publish(event, value_of(arguments))
        key = event if event == "PartialAssistantMessage" else None
        self._call_handlers(self._handlers, event, arguments, key)

    def _show(self, state: MicdropState, previous: MicdropState) -> None:
        self._private_state.publish(state)
        with self.hold_sync(), self.hold_trait_notifications():
            self.set_trait("state", state)
            for name in MicdropState.FIELDS:
                if getattr(state, name) != getattr(previous, name):
                    self.set_trait(name, getattr(state, name))

    def _call_handlers(
        self, handlers: Handlers, event: str, arguments: tuple[Any, ...] = (), key: str | None = None
    ) -> None:
        for handler in handlers.of(event):
            assert isinstance(handler, UserHandler)
            self._call_handler(HandlerCall(handler, event, arguments, key))

    def _call_handler(self, call: HandlerCall) -> None:
        self._handler_thread.call(call)

    def _state_now(self) -> MicdropState:
        return self.state

    # To the loop thread

    def _run(self, work: Coroutine[Any, Any, _T]) -> CallFuture[_T]:
        if self._ended:
            work.close()
            raise CallClosedError
        # by the trait thread: the traits have followed by then
        outcome = self._trait_thread.after(self._lease.thread.submit(work))
        return CallFuture(outcome, self._reach, self._call_handler)

    def _future_of(self, inbox: Inbox, matches: Callable[[Any], object], **rest: Any) -> EventFuture[Any]:  # noqa: ANN401
        future: WidgetEventFuture[Any] = WidgetEventFuture(inbox, matches, **rest)
        future.reach = self._reach
        return future

    def _ping_pages(self) -> None:
        if not self._ended:
            self._lease.thread.call(self._panel.ping_pages)

    def _carries_the_call(self) -> bool:
        """Return whether the current thread is one that must not wait for the call."""
        return self._lease.thread.is_current or self._trait_thread.is_current

    async def _apply(self, command: inputs.Input) -> None:
        self._core.apply(command)


class _Listener:
    """Hands what the call reports on the loop thread over to the trait thread."""

    def __init__(self, widget: MicdropWidget) -> None:
        self._widget = widget
        # prints under the cell that makes the widget
        self._print = InContext(lambda line: sys.stdout.write(f"{line}\n"))

    def on_event(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        self._widget._trait_thread.post(lambda: self._widget._emit(event, arguments))

    def on_speech_event(self, event: SpeechEventName) -> None:
        widget = self._widget
        for name, arguments in widget.vad.calls_for(event):
            widget._trait_thread.post(functools.partial(widget._call_handlers, widget.vad.handlers, name, arguments))

    def on_log_line(self, line: str) -> None:
        self._widget._trait_thread.post(lambda: self._print(line))
