"""`MicdropClient`: a call with a Micdrop server from an asyncio program, without Jupyter and without a browser."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any

from micdrop_widget.call.call_vad import CallVAD
from micdrop_widget.call.engine import Engine
from micdrop_widget.call.events import Handler, Handlers, InContext
from micdrop_widget.call.options import CallOptions
from micdrop_widget.call.sinks import AudioSink, VirtualSpeaker
from micdrop_widget.call.sources import SourceOption, as_source
from micdrop_widget.devices import Device, Microphone
from micdrop_widget.errors import raise_fresh
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turn
from micdrop_widget.protocol import EventName
from micdrop_widget.state import MicdropState, Phase, Settings, inputs
from micdrop_widget.state.snapshot import MicPhase
from micdrop_widget.vad import VadOption, build_vad

__all__ = ["MicdropClient"]

_log = logging.getLogger("micdrop_widget.call.client")


class MicdropClient:
    """A call with a Micdrop server.

    Parameters
    ----------
    url
        Address of the server, `ws://` or `wss://`.
    source
        The microphone: an int16 or float array at 16 kHz, the path of a WAV file, or any `AudioSource`.
    sink
        The loudspeaker; by default one that plays to the clock and is heard by nobody.
    **options
        `params`: JSON object sent first on every connection; may hold tokens, is never logged or shown.
        `vad`: "silero" (the default), "volume", a `VAD`, or a list of them.
        `turn_detector`: a `TurnDetector` that knows when a turn is over, like `SmartTurn()`; None (the default) ends
        it with the speech. `turn_max_wait_ms`: how long a turn that is not complete stays open in silence (4000).
        `disable_interruption`: do not listen while the assistant speaks (default False); switches itself on where the
        microphone is not cancelled of echo.
        `echo_cancellation`, `noise_suppression`, `auto_gain_control`: what the browser is asked to do with the sound of
        the microphone (default True each); `microphone` says what it did. Other sources take no notice of them, but one
        that is open is opened again when they change, as when the detectors do.
        `reconnect`: a `Reconnect`, or a dict of the same.
        `params` and `headers` may be functions, async or not: asked before every connection, for tokens that live
        for minutes. A plain one runs in a worker thread, an async one on the call's event loop.
        `headers`, `subprotocols`, `ssl`, `ping_interval_s`: of the WebSocket.
        `proxy`: True uses the environment's (default; never for loopback addresses), an address that one, None none.
        `record`: True keeps the last 10 minutes in memory (default), a path writes the whole call there, False nothing.
        `debug_log`: log what happens, with times since the start, to the logger `micdrop_widget.call` (default False).

    Raises
    ------
    TypeError
        An unknown option (the message names the nearest known one), or one of the wrong type.
    ValueError
        An option that cannot be used; the message says what was expected.

    Notes
    -----
    All methods belong to the event loop the call runs on; handlers are called on it, in order. `pause`, `resume`,
    `mute` and `unmute` act at once and return a finished future, so that they may be awaited, as on the widget.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        source: SourceOption | None = None,
        sink: AudioSink | None = None,
        **options: Any,  # noqa: ANN401 - each is checked by CallOptions
    ) -> None:
        call_options = CallOptions.of({"url": url, **options})
        self._handlers = Handlers()
        self._handler_tasks: set[asyncio.Future[Any]] = set()
        self._engine = Engine(
            as_source(source),
            VirtualSpeaker() if sink is None else sink,
            call_options,
            build_vad(call_options.vad),
            self._emit,
        )
        self._vad = CallVAD(lambda: self._engine.vad, lambda: self._engine.hearing.status)
        self._engine.hearing.tell = lambda name: self._call(name, self._vad.handlers.of(name))

    def __repr__(self) -> str:
        return f"<MicdropClient {self._engine.call.phase.value}, {self._engine.options!r}>"

    @property
    def state(self) -> MicdropState:
        """The state of the call, frozen."""
        return self._engine.state

    @property
    def turns(self) -> tuple[Turn, ...]:
        """One row per turn of the latest call."""
        return self._engine.timeline.turns

    @property
    def recording(self) -> Recording | None:
        """What the latest call sounded like; None before the first, or when it was not to be recorded."""
        return self._engine.recorder.recording

    @property
    def microphone(self) -> Microphone | None:
        """The microphone that is open, with what was really applied to it; None while none is."""
        return self._engine.hearing.microphone

    @property
    def options(self) -> CallOptions:
        """The options in use; their repr hides what may be secret."""
        return self._engine.options

    @property
    def vad(self) -> CallVAD:
        """The voice activity detection: its detector, what it hears now, and its own four events."""
        return self._vad

    async def start(self, **options: Any) -> None:  # noqa: ANN401 - each is checked by CallOptions
        """Begin the call, and return when it is ready.

        A second `start()` waits with the first. A call stopped before it was ready returns quietly. Cancelling
        gives the start up.

        Parameters
        ----------
        **options
            Put over those of the constructor, and kept.

        Raises
        ------
        MicdropError
            The call could not be made; `code` and the message say why and what to do.
        OSError
            The file of `record` cannot be written; nothing was begun.
        """
        self._merge(options)
        engine = self._engine
        if engine.call.phase in (Phase.IDLE, Phase.ENDING):
            engine.recorder.begin(engine.options.record)
            engine.apply(inputs.Start(self._settings()))
        try:
            state = await engine.when(lambda: not engine.state.isStarting)
        except asyncio.CancelledError:
            engine.apply(inputs.Stop())
            raise
        if not state.isStarted:
            raise_fresh(state.error)

    async def stop(self, *, graceful: bool = False) -> None:
        """End the call, and return when microphone and socket are released; without a call nothing happens.

        Parameters
        ----------
        graceful
            Release the microphone now, but end when the assistant has been heard to the end.
        """
        engine = self._engine
        engine.apply(inputs.Stop(graceful))
        await engine.when(lambda: not engine.state.isStarted)
        await engine.released()

    async def start_mic(self, *, vad: VadOption | None = None, device_id: str | None = None) -> None:
        """Open the microphone without a call; a later `start()` goes on with it.

        Raises
        ------
        MicdropError
            With code `Mic`: the microphone cannot be opened.
        """
        if vad is not None:
            self._merge({"vad": vad})
        engine = self._engine
        engine.apply(inputs.StartMic(device_id))
        await engine.when(lambda: engine.call.mic is not MicPhase.OPENING)
        if engine.call.mic is MicPhase.CLOSED:
            raise_fresh(engine.state.error)

    async def change_mic_device(self, device_id: str) -> None:
        """Use another microphone: now, or from the next time one is opened. A muted call stays muted.

        Raises
        ------
        MicdropError
            With code `Mic`: it cannot be opened. The call goes on without a microphone until another is chosen.
        """
        engine = self._engine
        changes = engine.call.mic is not MicPhase.CLOSED
        engine.apply(inputs.ChangeMicDevice(device_id))
        state = await engine.when(lambda: engine.call.mic is not MicPhase.OPENING)
        if changes and engine.call.mic is MicPhase.CLOSED:
            raise_fresh(state.error)

    async def move_mic(self) -> None:
        """Open the microphone where its source has it now: another page took it over. An open one is released first.

        Raises
        ------
        MicdropError
            With code `Mic`: it cannot be opened there. The call goes on without a microphone.
        """
        engine = self._engine
        engine.apply(inputs.MicrophoneMoved())
        await engine.when(lambda: engine.call.mic is not MicPhase.OPENING)
        if engine.call.mic is MicPhase.CLOSED:
            raise_fresh(engine.state.error)

    def change_speaker_device(self, device_id: str) -> asyncio.Future[None]:
        """Play on another loudspeaker. A browser that cannot says so in the panel, and the usual one plays on."""
        return self._command(inputs.ChangeSpeakerDevice(device_id))

    def speaker_failed(self, device_id: str, detail: str) -> None:
        """Take the loudspeaker's word that it cannot play on a device."""
        self._engine.apply(inputs.SpeakerFailed(device_id, detail))

    def devices_listed(self, mic_devices: tuple[Device, ...], speaker_devices: tuple[Device, ...]) -> None:
        """Take the browser's word for the devices there are now."""
        self._engine.apply(inputs.DevicesListed(mic_devices, speaker_devices))

    def pause(self) -> asyncio.Future[None]:
        """Stop listening and playing, and cancel the running answer; the connection stays."""
        return self._command(inputs.Pause())

    def resume(self) -> asyncio.Future[None]:
        """End the pause."""
        return self._command(inputs.Resume())

    def mute(self) -> asyncio.Future[None]:
        """Stop listening; answers go on playing. Holds across calls, until `unmute()`."""
        return self._command(inputs.Mute())

    def unmute(self) -> asyncio.Future[None]:
        """Listen again."""
        return self._command(inputs.Unmute())

    def on(self, event: str, handler: Handler) -> None:
        """Call a function at each event; what it returns is awaited in the background if it can be.

        Parameters
        ----------
        event
            `StateChange(state, previous)`, `Error(error)`, `EndCall()`, `Message(item)`,
            `PartialAssistantMessage(text)`, `ToolCall(call)` or `Classification(classification)`.
        handler
            One that raises is logged with its traceback; the call goes on.
        """
        self._handlers.on(event, handler)

    def off(self, event: str, handler: Handler | None = None) -> None:
        """Remove a handler, or all of an event."""
        self._handlers.off(event, handler)

    async def until(self, *, timeout: float | None = None, **state: Any) -> MicdropState:  # noqa: ANN401
        """Wait until fields of the state have these values, and return the state that has them.

        Parameters
        ----------
        timeout
            Seconds; None waits for ever.
        **state
            For example `isListening=True`.

        Raises
        ------
        TimeoutError
            The state did not come about in time; the message says how it is instead.
        TypeError
            There is no such field.
        """
        return await self._engine.until(timeout, state)

    def show_log(self, show: Callable[[str], object]) -> None:
        """Give each line of `debug_log` to a function as well, on the event loop."""
        self._engine.show_log = show

    async def __aenter__(self) -> MicdropClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _merge(self, options: dict[str, Any]) -> None:
        engine = self._engine
        before, engine.options = engine.options, engine.options.merged(options)
        if engine.options.vad is not before.vad:
            engine.vad = build_vad(engine.options.vad)
        if _listening(engine.options) != _listening(before):
            engine.apply(inputs.DetectionChanged())

    def _settings(self) -> Settings:
        options = self._engine.options
        return Settings(
            has_url=options.url is not None,
            has_params=options.params is not None,
            disable_interruption=options.disable_interruption,
            reconnect=options.reconnect,
            detects_turns=options.turn_detector is not None,
            turn_max_wait_ms=options.turn_max_wait_ms,
        )

    def _command(self, command: inputs.Input) -> asyncio.Future[None]:
        self._engine.apply(command)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def _emit(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        self._call(event, self._handlers.of(event), *arguments)

    def _call(self, event: str, handlers: tuple[InContext, ...], *arguments: Any) -> None:  # noqa: ANN401
        for handler in handlers:
            try:
                result = handler(*arguments)
            except Exception:  # noqa: BLE001 - the border to the user's code
                _log.exception("a handler of %s failed", event)
                continue
            if inspect.isawaitable(result):
                task = asyncio.ensure_future(result)
                self._handler_tasks.add(task)
                task.add_done_callback(self._handler_done)

    def _handler_done(self, task: asyncio.Future[Any]) -> None:
        self._handler_tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a handler failed", exc_info=task.exception())


def _listening(options: CallOptions) -> tuple[object, ...]:
    """Return what a microphone is opened with: an open one is opened again when it changes."""
    processing = options.echo_cancellation, options.noise_suppression, options.auto_gain_control
    return options.vad, options.turn_detector, processing
