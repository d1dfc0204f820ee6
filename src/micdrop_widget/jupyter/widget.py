"""`MicdropWidget`: a call with a Micdrop server in a notebook cell. A thin adapter: it holds no call logic.

Messages of the browser become calls of a `MicdropClient` on the loop thread; its states become traits on the
observer thread.
"""

from __future__ import annotations

import atexit
import concurrent.futures
import functools
import logging
import pathlib
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import fields
from typing import Any, TypeVar, get_args

import anywidget
import traitlets

from micdrop_widget._threads import Lease
from micdrop_widget.browser import (
    BrowserMicrophone,
    BrowserSpeaker,
    Downlink,
    FrontEnds,
    LinkReport,
    PanelController,
    PrivateState,
    VadReadout,
    messages,
)
from micdrop_widget.call.call_vad import CallVAD
from micdrop_widget.call.client import MicdropClient
from micdrop_widget.call.events import Handler, Handlers
from micdrop_widget.devices import Microphone
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turn
from micdrop_widget.jupyter import ipykernel, traits
from micdrop_widget.jupyter.future import CallFuture
from micdrop_widget.jupyter.observer import ObserverThread, UserHandler
from micdrop_widget.protocol import EventName
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.state import MicdropState
from micdrop_widget.vad import VadOption

__all__ = ["MicdropWidget"]

_T = TypeVar("_T")

_log = logging.getLogger("micdrop_widget.jupyter.widget")

_STATIC = pathlib.Path(__file__).parents[1] / "static"
_CLOSE_S = 5
_STATE_FIELDS = tuple(field.name for field in fields(MicdropState))


_open: weakref.WeakSet[MicdropWidget] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Let no page listen for a kernel that ends; Jupyter does not tell it when another client has asked for that."""
    for call in tuple(_open):
        call.close()


class MicdropWidget(anywidget.AnyWidget):
    """A voice call with a Micdrop server: put it on the last line of a cell to see the call panel.

    Parameters
    ----------
    url, **options
        As of `MicdropClient`; the browser is microphone and loudspeaker.

    Raises
    ------
    TypeError, ValueError
        An option is unknown, or not what it should be.

    Notes
    -----
    Every method returns at once, from any thread; what it returns may be awaited or ignored. The traits are written
    by the observer thread alone, which also runs the handlers of `on` and `observe`, in order, with their prints
    under the cell that registered them. The front end writes no trait. Each trait is a field of `MicdropState`,
    which says what it means; `state` is the whole snapshot. What was said, the names of devices and errors are not
    synced, so that no saved notebook holds them: the panel gets them in messages.
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

    _ended = True  # until it is made whole: one whose options are wrong has nothing to close

    def __init__(self, url: str | None = None, **options: Any) -> None:  # noqa: ANN401 - checked by the client
        front_ends = FrontEnds()
        downlink = Downlink(self.send)
        self._microphone = BrowserMicrophone(downlink, front_ends, self._constraints)
        self._speaker = BrowserSpeaker(downlink, front_ends)
        self._client = MicdropClient(url, source=self._microphone, sink=self._speaker, **options)
        self._microphone.on_audio = VadReadout(downlink, front_ends, self._client).update
        self._private_state = PrivateState(self.send)
        self._panel = PanelController(
            self._client,
            self._microphone,
            self._speaker,
            front_ends,
            show_owner=self._show_owner,
            send_private_state=self._show_private_state,
        )
        self._handlers = Handlers(UserHandler)
        self._vad = CallVAD(lambda: self._client.vad.detector, lambda: self._client.vad.status, UserHandler)
        super().__init__()
        self._observer = ObserverThread(f"micdrop-observer-{self.model_id[:8]}")
        self._lease = Lease()
        for event in get_args(EventName):
            self._client.on(event, functools.partial(self._tell, event))
        for name in get_args(SpeechEventName):
            self._client.vad.on(name, functools.partial(self._observer.post, functools.partial(self._vad.call, name)))
        log = UserHandler(lambda line: sys.stdout.write(f"{line}\n"))  # prints under the cell that makes the widget
        self._client.show_log(lambda line: self._observer.post(lambda: log(line)))
        self._installation: ipykernel.Installation | None = None
        if self.comm is not None:
            self._installation = ipykernel.install(self.comm, self._handle_custom_msg)
            downlink.on_released = self._installation.publish_idle
            if not ipykernel.is_switched_off():
                self.set_trait("_comm_id", self.model_id)
        self._ended = False
        _open.add(self)

    def __repr__(self) -> str:
        return repr(self._client).replace("MicdropClient", "MicdropWidget")

    # The public API

    @property
    def turns(self) -> tuple[Turn, ...]:
        """One row per turn of the latest call."""
        return self._client.turns

    @property
    def recording(self) -> Recording | None:
        """What the latest call sounded like; it stays in the kernel. See `MicdropClient.recording`."""
        return self._client.recording

    @property
    def vad(self) -> CallVAD:
        """The voice activity detection; its handlers run on the observer thread. See `MicdropClient.vad`."""
        return self._vad

    @property
    def microphone(self) -> Microphone | None:
        """The microphone in use, and what the browser really applied to it. See `MicdropClient.microphone`."""
        return self._client.microphone

    @property
    def link(self) -> LinkReport:
        """How the microphone's audio comes from the browser to the kernel; a snapshot, from any thread."""
        return self._panel.link_report()

    def start(self, **options: Any) -> CallFuture[None]:  # noqa: ANN401 - checked by the client
        """Begin the call; awaiting it returns when the call is ready and raises `MicdropError` when it cannot be.

        See `MicdropClient.start`. The panel must be shown: it opens the microphone.
        """
        self._client.options.merged(options)  # a wrong option is the caller's error, here and now
        return self._run(self._client.start(**options))

    def stop(self, *, graceful: bool = False) -> CallFuture[None]:
        """End the call; graceful: when the assistant has been heard to the end. See `MicdropClient.stop`."""
        return self._run(self._client.stop(graceful=graceful))

    def start_mic(self, *, vad: VadOption | None = None, device_id: str | None = None) -> CallFuture[None]:
        """Open the microphone without a call. See `MicdropClient.start_mic`."""
        return self._run(self._client.start_mic(vad=vad, device_id=device_id))

    def change_mic_device(self, device_id: str) -> CallFuture[None]:
        """Use another microphone, one of `micDevices`. See `MicdropClient.change_mic_device`."""
        return self._run(self._client.change_mic_device(device_id))

    def change_speaker_device(self, device_id: str) -> CallFuture[None]:
        """Play on another loudspeaker, one of `speakerDevices`. Some browsers then stop cancelling echo."""
        return self._run(self._do(lambda: self._client.change_speaker_device(device_id)))

    def pause(self) -> CallFuture[None]:
        """Stop listening and playing, and cancel the running answer; the connection stays."""
        return self._run(self._do(self._client.pause))

    def resume(self) -> CallFuture[None]:
        """End the pause."""
        return self._run(self._do(self._client.resume))

    def mute(self) -> CallFuture[None]:
        """Stop listening; answers go on playing. Holds across calls, until `unmute()`."""
        return self._run(self._do(self._client.mute))

    def unmute(self) -> CallFuture[None]:
        """Listen again."""
        return self._run(self._do(self._client.unmute))

    def until(self, *, timeout: float | None = None, **state: Any) -> CallFuture[MicdropState]:  # noqa: ANN401
        """Wait until fields of the state have these values: `await call.until(isListening=True, timeout=10)`."""
        return self._run(self._client.until(timeout=timeout, **state))

    def on(self, event: str, handler: Handler) -> None:
        """Call a function at each event, on the observer thread. See `MicdropClient.on` for the events."""
        self._handlers.on(event, handler)

    def off(self, event: str, handler: Handler | None = None) -> None:
        """Remove a handler, or all of an event."""
        self._handlers.off(event, handler)

    def observe(self, handler: Handler, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: ANN401
        """Call a function when a trait changes, on the observer thread. See `traitlets.HasTraits.observe`."""
        own = isinstance(handler, traitlets.EventHandler)  # decorated methods of ipywidgets itself
        super().observe(handler if own else UserHandler(handler), names=names, type=type)

    def on_msg(self, callback: Handler, remove: bool = False) -> None:
        """Call a function at each message of the panel, on the observer thread. See `ipywidgets.Widget.on_msg`."""
        super().on_msg(UserHandler(callback), remove=remove)

    def close(self) -> None:
        """End the call, release microphone, socket and threads, and close the panel. Again is no error."""
        if self._ended:
            return
        stopping = self._lease.thread.submit(self._client.stop())
        self._ended = True
        try:
            stopping.result(timeout=_CLOSE_S)
        except concurrent.futures.TimeoutError:
            _log.error("the call did not end within %d s", _CLOSE_S)
        self._lease.release()
        self._observer.post(lambda: self.set_trait("_closed", True))
        self._observer.stop()
        super().close()
        if self._installation is not None:
            self._installation.remove()

    # From and to the browser

    def _constraints(self) -> messages.Constraints:
        options = self._client.options
        return messages.Constraints(
            echoCancellation=options.echo_cancellation,
            noiseSuppression=options.noise_suppression,
            autoGainControl=options.auto_gain_control,
        )

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignore what a front end writes: the traits are the kernel's to write."""
        if sync_data:
            _log.debug("a front end wrote %s; ignored", sorted(sync_data))

    def _handle_custom_msg(self, content: object, buffers: Sequence[memoryview]) -> None:
        """Take a message on whatever thread the kernel receives it, and hand it over to the loop."""
        if self._msg_callbacks.callbacks:
            self._observer.post(functools.partial(self._msg_callbacks, self, content, buffers))
        try:
            parsed = messages.parse_messages(content, buffers)
        except ValueError as error:
            _log.warning("the panel sent a message that cannot be read: %s", error)
            return
        if not self._ended:
            while_busy = threading.current_thread() is not threading.main_thread()
            for message in parsed:
                self._lease.thread.call(functools.partial(self._panel.receive, message, while_busy=while_busy))

    # To the traits and the handlers

    def _tell(self, event: EventName, *arguments: Any) -> None:  # noqa: ANN401 - of the event
        """Hand an event of the loop thread over to the observer thread."""
        self._observer.post(lambda: self._show(event, arguments))

    def _show_owner(self, owner: str | None) -> None:
        self._observer.post(lambda: self.set_trait("_owner", owner))

    def _show_private_state(self, page_id: str) -> None:
        self._observer.post(lambda: self._private_state.publish_whole(page_id))

    def _show(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        if event == "StateChange":
            state, previous = arguments
            self._private_state.publish(state)
            with self.hold_sync(), self.hold_trait_notifications():
                self.set_trait("state", state)
                for name in _STATE_FIELDS:
                    if getattr(state, name) != getattr(previous, name):
                        self.set_trait(name, getattr(state, name))
        for handler in self._handlers.of(event):
            handler(*arguments)

    # To the loop thread

    def _run(self, work: Coroutine[Any, Any, _T]) -> CallFuture[_T]:
        if self._ended:
            work.close()
            raise RuntimeError("this call was closed: make a new MicdropWidget (run the cell again)")
        return CallFuture(self._observer.after(self._lease.thread.submit(work)))  # the traits have followed by then

    async def _do(self, command: Callable[[], object]) -> None:
        command()
