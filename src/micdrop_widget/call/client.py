"""`MicdropClient`: a call with a Micdrop server from an asyncio program, without Jupyter and without a browser."""

from __future__ import annotations

import asyncio
import ssl as ssl_module
from collections.abc import Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from micdrop_widget._keywords import NOT_GIVEN, suggests_keywords
from micdrop_widget.call.call_events import CallEvents, value_of
from micdrop_widget.call.core import CallCore
from micdrop_widget.call.credentials import HeadersOption, ParamsOption
from micdrop_widget.call.events import CallVAD, Handlers
from micdrop_widget.call.handler_queue import HandlerQueue
from micdrop_widget.call.loop_watch import LoopWatch
from micdrop_widget.call.options import (
    RECONNECT,
    CallOptions,
    ReconnectOption,
    RecordOption,
    describes_options,
    options_in,
)
from micdrop_widget.call.proxies import ProxyOption
from micdrop_widget.call.sinks import AudioSink, as_sink
from micdrop_widget.call.sources import SourceOption, as_source
from micdrop_widget.call.subscriptions import Subscriptions
from micdrop_widget.devices import Microphone
from micdrop_widget.errors import CallClosedError
from micdrop_widget.history.call_content import FolderOption
from micdrop_widget.history.diagnosis import Diagnosis
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turns
from micdrop_widget.protocol import ConversationItem, EventName
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.state import MicdropState, inputs
from micdrop_widget.turn import TurnDetector
from micdrop_widget.vad import VadOption

__all__ = ["MicdropClient"]


@describes_options
class MicdropClient(CallEvents):
    """A call with a Micdrop server.

    `async with MicdropClient(url) as call:` closes the call at its end; `start()` begins it, once the handlers are on.

    Parameters
    ----------
    url
        Address of the server, `ws://` or `wss://`; a call without one fails with `MissingUrl`.
    source
        The microphone: an int16 or float array at 16 kHz, the path of a WAV file, or any `AudioSource`.
    sink
        The loudspeaker; by default a virtual one, which plays by the clock without a device.
    <options>

    Raises
    ------
    TypeError
        An unknown option (the message names the nearest known one), or one of the wrong type.
    ValueError
        An option that cannot be used; the message says what was expected.

    Notes
    -----
    All methods belong to the event loop the call runs on; handlers are called on it. `pause`, `resume`, `mute`,
    `unmute` and `close` act at once and return a future that may be awaited or ignored, as on the widget.
    """

    @suggests_keywords
    def __init__(
        self,
        url: str | None = None,
        *,
        source: SourceOption | None = None,
        sink: AudioSink | None = None,
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
        save_to: FolderOption | None = None,
        debug_log: bool = False,
    ) -> None:
        options = CallOptions.of(options_in(locals()))
        self._handlers = Handlers()
        self._subscriptions = Subscriptions()
        self._vad = CallVAD(lambda: self._core.detector, lambda: self._core.speech_status)
        listener = _Listener(self._handlers, self._vad, self._subscriptions)
        self._core = CallCore(options, as_source(source), as_sink(sink), listener)
        self._closed = False

    def __repr__(self) -> str:
        return f"<MicdropClient {self._core.phase.value}, {self._core.options!r}>"

    @property
    def state(self) -> MicdropState:
        """The state of the call, frozen."""
        return self._core.state

    @property
    def turns(self) -> Turns:
        """One row per turn of the latest call."""
        return self._core.turns

    @property
    def recording(self) -> Recording | None:
        """What the latest call sounded like; None before the first, or when it was not to be recorded."""
        return self._core.recording

    @property
    def saved_to(self) -> Path | None:
        """The folder of the latest call, with the option `save_to`; complete when the call has ended."""
        return self._core.saved_to

    @property
    def conversation(self) -> tuple[ConversationItem, ...]:
        """What was said in the latest call, as the server settled it."""
        return self._core.conversation

    @property
    def microphone(self) -> Microphone | None:
        """The microphone that is open, with what was really applied to it; None while none is."""
        return self._core.microphone

    @property
    def options(self) -> CallOptions:
        """The options in use; their repr hides what may be secret."""
        return self._core.options

    @property
    def microphone_level_db(self) -> float:
        """Level of what the call listened to in the last tenth of a second, in dB below full scale.

        -100 where there is no sound, and while the call does not listen. The event `Levels` reports each change.
        """
        return self._core.levels.microphone_db

    @property
    def speaker_level_db(self) -> float:
        """Level of what was heard of the assistant in the last tenth of a second, in dB below full scale."""
        return self._core.levels.speaker_db

    @property
    def vad(self) -> CallVAD:
        """The voice activity detection: its detector, what it detects now, and its own five events."""
        return self._vad

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
    ) -> Coroutine[Any, Any, None]:
        """Begin the call, and return when it is ready.

        A second `start()` waits with the first. When the call is stopped before it is ready, both return without an
        error, and `state.isStarted` is false. Cancelling gives the start up.

        Options are put over those of the constructor, and kept. While a call is up, what detects speech and turns and
        the processing of the microphone change at once, what belongs to the connection (`url`, `params`, `headers`
        and the like) with the next connection, and the rest with the next call.

        Parameters
        ----------
        url
            Address of the server, `ws://` or `wss://`; a call without one fails with `MissingUrl`.
        <options>

        Raises
        ------
        TypeError, ValueError
            An option is unknown, or not what it should be; nothing was begun.
        CallClosedError
            The client was closed.
        MicdropError
            When awaited: the call could not be made; `code` and the message say why and what to do.
        """
        return self._open_core().start(options_in(locals()))

    async def stop(self, *, graceful: bool = False) -> None:
        """End the call, and return when microphone and socket are released; without a call nothing happens.

        Parameters
        ----------
        graceful
            Release the microphone now, but end when the assistant has been heard to the end.
        """
        await self._core.stop(graceful=graceful)

    async def start_mic(self, *, vad: VadOption = NOT_GIVEN, device_id: str | None = None) -> None:
        """Open the microphone without a call; a later `start()` goes on with it.

        Parameters
        ----------
        vad
            As of the constructor; kept.
        device_id
            The microphone to open, where the source has several; None leaves the choice to it.

        Raises
        ------
        MicdropError
            With code `Mic`: the microphone cannot be opened.
        """
        await self._open_core().start_mic(options_in(locals()), device_id=device_id)

    async def change_mic_device(self, device_id: str) -> None:
        """Use another microphone: now, or from the next time one is opened. A muted call stays muted.

        Raises
        ------
        MicdropError
            With code `Mic`: it cannot be opened. The call goes on without a microphone until another is chosen.
        """
        await self._core.change_mic_device(device_id)

    def change_speaker_device(self, device_id: str) -> asyncio.Future[None]:
        """Play on another loudspeaker. A browser that cannot says so in the panel, and the usual one plays on."""
        return self._command(inputs.ChangeSpeakerDevice(device_id))

    def diagnose(self) -> Diagnosis:
        """Follow the latest turn through the call, from the microphone to the loudspeaker, and say where it breaks.

        For a call that is connected and silent. What it returns shows itself as a table, and as a short text by
        `str()`; it holds nothing private, so that it can be pasted into a bug report. See `Diagnosis`.
        """
        return self._core.diagnose()

    def pause(self) -> asyncio.Future[None]:
        """Stop listening and playing, and cancel the running answer; the connection stays. It ends with the call.

        Without a call nothing happens, while `mute()` holds for the calls to come.
        """
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

    def set_turn_detector(self, turn_detector: TurnDetector | None) -> asyncio.Future[None]:
        """Let another detector decide when a turn is over, from now on; None leaves it to the end of the speech.

        An open turn ends: what is said from here on is the next one. Kept for the calls to come.

        Raises
        ------
        TypeError
            It is no `TurnDetector`.
        MicdropError
            Another call uses it; the former one stays.
        """
        self._core.merge({"turn_detector": turn_detector})
        return _done()

    def set_turn_max_wait(self, turn_max_wait_ms: float) -> asyncio.Future[None]:
        """Keep a turn that is not complete open for so long in silence, from now on. An open turn ends.

        Raises
        ------
        TypeError, ValueError
            It is no number of milliseconds.
        """
        self._core.merge({"turn_max_wait_ms": turn_max_wait_ms})
        return _done()

    def clear_conversation(self) -> asyncio.Future[None]:
        """Forget what was said so far: `state.conversation` is empty. The server does not learn of it."""
        return self._command(inputs.ClearConversation())

    def save(self, folder: FolderOption, *, turn_wavs: bool = False) -> Path:
        """Keep the latest call in a folder: sound, turns, conversation, events. `load_call(folder)` reads it.

        Nothing that may be secret is written: no params, headers or query of the url. While the call goes on, what has
        happened so far is kept. Blocks for as long as the disk takes.

        Parameters
        ----------
        folder
            It is made; a call that was kept there is replaced.
        turn_wavs
            Also write what was said and what was heard in each turn, as a WAV each.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        FileExistsError
            The folder holds something else.
        OSError
            It cannot be written.
        RuntimeError
            There has been no call yet.
        ValueError
            The call is just being written there, by `save_to`.
        """
        return self._core.save(folder, turn_wavs=turn_wavs)

    def close(self) -> asyncio.Future[None]:
        """End the call for good, and with it every wait for its events. Closing again is no error.

        Turns, recording and conversation of the last call can still be read. Awaiting it returns when microphone and
        socket are released.
        """
        self._closed = True
        self._core.apply(inputs.Stop())
        stopping = asyncio.ensure_future(self._core.stop())
        stopping.add_done_callback(lambda _: self._subscriptions.close())
        return stopping

    def __enter__(self) -> MicdropClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> MicdropClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _state_now(self) -> MicdropState:
        return self._core.state

    def _open_core(self) -> CallCore:
        if self._closed:
            raise CallClosedError
        return self._core

    def _command(self, command: inputs.Input) -> asyncio.Future[None]:
        self._core.apply(command)
        return _done()


def _done() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done


class _Listener:
    """Forwards what the call reports to the handlers and to the subscriptions."""

    def __init__(self, handlers: Handlers, vad: CallVAD, subscriptions: Subscriptions) -> None:
        self._handlers = handlers
        self._vad = vad
        self._subscriptions = subscriptions
        self._queue = HandlerQueue()
        self._loop_watch = LoopWatch()

    def on_event(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        if event == "StateChange":
            state: MicdropState = arguments[0]
            if state.isStarting or state.isStarted:
                self._loop_watch.start()
            else:
                self._loop_watch.stop()
        self._queue.post(event, self._handlers.of(event), arguments)
        self._subscriptions.publish(event, value_of(arguments))

    def on_speech_event(self, event: SpeechEventName) -> None:
        for name, arguments in self._vad.calls_for(event):
            self._queue.post(name, self._vad.handlers.of(name), arguments)

    def observes_levels(self) -> bool:
        return bool(self._handlers.of("Levels")) or self._subscriptions.has("Levels")

    def on_log_line(self, line: str) -> None:
        """Nothing more to do: every line is in `logging` already."""
