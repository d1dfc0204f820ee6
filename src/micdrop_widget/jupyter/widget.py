"""`MicdropWidget`: a call with a Micdrop server in a notebook cell. A thin adapter: it holds no call logic.

`BrowserClient` has all that does not depend on Jupyter. Here a comm carries the messages of the pages to the loop
thread, and the trait thread writes the states as traits.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import pathlib
import ssl as ssl_module
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from micdrop_widget._keywords import suggests_keywords
from micdrop_widget._threads import WorkerThread
from micdrop_widget.browser import BrowserClient, PrivateState, messages
from micdrop_widget.browser.waiting_calls import HandlerCall
from micdrop_widget.call.credentials import HeadersOption, ParamsOption
from micdrop_widget.call.options import (
    RECONNECT,
    CallOptions,
    ReconnectOption,
    RecordOption,
    describes_options,
    options_in,
)
from micdrop_widget.call.proxies import ProxyOption
from micdrop_widget.errors import CallClosedError
from micdrop_widget.history.call_content import FolderOption
from micdrop_widget.jupyter import ipykernel
from micdrop_widget.jupyter.call_traits import CallTraits
from micdrop_widget.jupyter.carrier import JupyterCarrier
from micdrop_widget.jupyter.cell_handlers import CellHandler
from micdrop_widget.jupyter.completions import complete_event_names
from micdrop_widget.jupyter.reruns import Reruns
from micdrop_widget.jupyter.threaded_widget import ThreadedWidget
from micdrop_widget.jupyter.trait_state import TraitState
from micdrop_widget.jupyter.wait_guard import MainThreadGuard
from micdrop_widget.page import CallPage, PageOpener
from micdrop_widget.protocol import EventName
from micdrop_widget.server.cells import current_execution, current_place
from micdrop_widget.state import MicdropState, Phase
from micdrop_widget.turn import TurnDetector
from micdrop_widget.vad import VadOption

__all__ = ["MicdropWidget"]

_log = logging.getLogger("micdrop_widget.jupyter.widget")

_CALL_ENDED = (
    "micdrop-widget: the call of this cell ended because the cell ran again. Start again to go on. Handlers that other "
    "cells have added belong to the old call: run those cells again."
)

_STATIC = pathlib.Path(__file__).parents[1] / "static"


_open: weakref.WeakSet[MicdropWidget] = weakref.WeakSet()
_reruns = Reruns()


@atexit.register
def _close_all() -> None:
    """Close every call when the kernel ends, so that no page goes on listening: Jupyter does not tell all pages."""
    for call in tuple(_open):
        call.close()


@describes_options
class MicdropWidget(CallTraits, BrowserClient, ThreadedWidget):
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
    trait are merged; of more than 1 000 waiting calls the oldest are dropped, which is reported as well. A cell that
    is run again replaces the handlers that it has added before, for the same event or the same traits.
    """

    _esm = _STATIC / "widget.js"
    _css = _STATIC / "widget.css"

    _handler_type = CellHandler

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
        save_to: FolderOption | None = None,
        debug_log: bool = False,
    ) -> None:
        options = CallOptions.of(options_in(locals()))
        self.place = current_place()
        self._set_up(options)
        super().__init__()
        self._trait_thread = WorkerThread(f"micdrop-traits-{self.model_id[:8]}")
        self._main_thread_guard = MainThreadGuard(self._ping_pages, self._carries_the_call)
        self._wait_guard = self._main_thread_guard
        self._carrier = JupyterCarrier(self.send)
        self._call.add(
            self._carrier, TraitState(self._write_traits, PrivateState(self._carrier.send), self._trait_thread.post)
        )
        self._page_opener = PageOpener(self._call, self._lease.thread)
        self._installation: ipykernel.Installation | None = None
        if self.comm is not None:
            self._installation = ipykernel.install(self.comm, self._handle_custom_msg)
            self._carrier.publish_idle = self._installation.publish_idle
            self._main_thread_guard.receives_while_waiting = self._installation.receives_while_busy
            self._write_traits({"_comm_id": self.model_id, "_plain_comm": ipykernel.is_switched_off()})
        state = self._call.core.state
        self._write_traits({"state": state, "isInterruptionDisabled": state.isInterruptionDisabled})
        self._ended = False
        _open.add(self)
        _reruns.add(self)
        complete_event_names()

    def open_page(self) -> CallPage:
        """Open the call in a page of the user's browser, which this process serves itself, on this machine alone.

        For notebooks that get no microphone, as in VS Code, and for calls beside cells that compute for long. The
        page and the notebook show the same call; either takes microphone and loudspeaker over by a click. Where no
        browser can be opened, the panel shows the page's address as a link, and so it does when it is shown later:
        the token of the address does not belong into the output of a cell, which is saved. Called again, it opens the
        same page again.

        Returns
        -------
        CallPage
            The page, with its `url`. It ends with the call, and when nobody has come to it for ten minutes.

        Raises
        ------
        CallClosedError
            The widget was closed.
        """
        if self._ended:
            raise CallClosedError
        page = self._page_opener.open()
        if not page.try_browser():
            self._page_opener.show_address()
            sys.stdout.write(f"Open {page.place} in a browser by the link in the call's panel.\n")
            sys.stdout.flush()
        return page

    @property
    def is_in_use(self) -> bool:
        """Whether a page shows the panel, or a call is under way."""
        return not self._ended and (bool(self._call.pages.shown) or self._call.core.phase is not Phase.IDLE)

    @property
    def follows_ended_call(self) -> bool:
        """Whether the panel says that this run of the cell has ended a call, and none was begun since."""
        return self._ended_by == "cell_run_again"

    def follow_ended_call(self) -> None:
        """Say in the panel and under the cell that this run of the cell has ended the call of an earlier one."""
        self._listener.on_log_line(_CALL_ENDED)
        self._trait_thread.post(self._show_ended_call)

    def _show_ended_call(self) -> None:
        if not (self.isStarting or self.isStarted):
            self.set_trait("_ended_by", "cell_run_again")

    def discard(self) -> None:
        """Close a widget that a later run of its cell replaces; its recording lives while somebody else has it."""
        self.close()
        self._call.core.release_recording()

    # From and to the browser

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignore what a front end writes: the traits are the kernel's to write."""
        if sync_data:
            _log.debug("a front end wrote %s; ignored", sorted(sync_data))

    def _handle_custom_msg(self, content: object, buffers: Sequence[memoryview]) -> None:
        """Receive a message on the kernel's receiving thread, and hand it over to the loop."""
        self._main_thread_guard.note_message()
        self._msg_callbacks(self, content, buffers)
        try:
            parsed = messages.parse_messages(content, buffers)
        except ValueError as error:
            _log.warning("the panel sent a message that cannot be read: %s", error)
            return
        if not self._ended:
            while_busy = threading.current_thread() is not threading.main_thread()
            for message in parsed:
                self._lease.thread.call(self._receive, message, while_busy)

    def _receive(self, message: messages.BrowserMessage, while_busy: bool) -> None:
        self._call.receive(message, self._carrier, while_busy=while_busy)
        match message:
            case messages.Bye(page_gone=page_gone):
                is_up = self._call.core.phase not in (Phase.IDLE, Phase.ENDING)
                if is_up and not page_gone and not self._call.pages.shown:  # it ends when this has returned
                    _reruns.note_ended_call(self, current_execution())
                    self._trait_thread.post(lambda: self.set_trait("_ended_by", "panel_removed"))
                _reruns.check(self)

    def _write_traits(self, values: Mapping[str, object]) -> None:
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in values.items():
                self.set_trait(name, value)

    # Where the widget differs from `BrowserClient`

    def _emit(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        if event == "StateChange":
            _reruns.check(self)
            if self._ended_by is not None and (arguments[0].isStarting or arguments[0].isStarted):
                self.set_trait("_ended_by", None)
        if event == "Levels":
            (levels,) = arguments
            self._write_traits({"microphone_level_db": levels.microphone_db, "speaker_level_db": levels.speaker_db})
        super()._emit(event, arguments)

    def _observes_levels(self) -> bool:
        # by name: an observer of all traits alone does not make the levels be measured
        observed = any(self._trait_notifiers.get(name) for name in ("microphone_level_db", "speaker_level_db"))
        return observed or super()._observes_levels()

    def _post_report(self, function: Callable[[], object]) -> None:
        self._trait_thread.post(function)

    def _reported(self, outcome: Any) -> Any:  # noqa: ANN401 - a future of any type
        return self._trait_thread.after(outcome)  # the traits have followed by then

    def _state_now(self) -> MicdropState:
        return self.state

    def _carries_the_call(self) -> bool:
        return super()._carries_the_call() or self._trait_thread.is_current

    def _end_pages(self, rest: contextlib.ExitStack, left_s: Callable[[], float]) -> None:
        rest.callback(self._page_opener.close)

    def _end_reports(self, rest: contextlib.ExitStack, left_s: Callable[[], float]) -> None:
        _reruns.remove(self)
        if self._installation is not None:
            rest.callback(self._installation.remove)
        rest.callback(ThreadedWidget.close, self)
        rest.callback(lambda: self._handler_thread.stop(join_s=left_s()))
        rest.callback(lambda: self._trait_thread.stop(join_s=left_s()))
        rest.callback(self._trait_thread.post, self._subscriptions.close)
        rest.callback(self._trait_thread.post, lambda: self.set_trait("_closed", True))

    def _call_handler(self, call: HandlerCall) -> None:
        # Looked up at the call: decorated methods are registered before there is a handler thread.
        self._handler_thread.call(call)

    def _ping_pages(self) -> None:
        if not self._ended:
            self._lease.thread.call(self._call.ping_pages)
