"""`MicdropPage`: a call with a Micdrop server in a page of the user's browser, from any Python, without Jupyter."""

from __future__ import annotations

import contextlib
import ssl as ssl_module
from collections.abc import Callable, Sequence

from micdrop_widget._keywords import suggests_keywords
from micdrop_widget.browser import BrowserClient, Timing
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
from micdrop_widget.history.call_content import FolderOption
from micdrop_widget.page.call_page import CallPage
from micdrop_widget.state import MicdropState
from micdrop_widget.turn import TurnDetector
from micdrop_widget.vad import VadOption

__all__ = ["MicdropPage"]


@describes_options
class MicdropPage(BrowserClient):
    """A voice call with a Micdrop server, in a page that it opens in the user's browser: from a script or a terminal.

    `with MicdropPage(url) as call: call.wait()` serves the page until nobody uses it any more.

    Parameters
    ----------
    url
        Address of the server, `ws://` or `wss://`; a call without one fails with `MissingUrl`.
    port
        Where the page is served, on this machine alone; 0 takes a free port.
    open_browser
        Open the page in the user's browser; where there is none, its address is printed. False does neither.
    <options>

    Raises
    ------
    TypeError
        An unknown option (the message names the nearest known one), or one of the wrong type.
    ValueError
        An option that cannot be used; the message says what was expected.
    OSError
        The port is taken.

    Notes
    -----
    The methods are those of `MicdropWidget`: each but `close` and `wait` returns at once, from any thread, and what it
    returns may be awaited, ignored, or asked for its `result()`. The state is `state`. Handlers are called in order on
    a thread of their own, and async ones on the event loop that registered them.
    """

    _timing = Timing(panel_s=60)  # a browser may have to start

    @suggests_keywords
    def __init__(
        self,
        url: str | None = None,
        *,
        port: int = 0,
        open_browser: bool = True,
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
        self._set_up(CallOptions.of(options_in(locals())))
        self.page = CallPage(self._call, self._lease.thread)
        """The page, with its `url`."""
        try:
            self.page.open(port)
        except BaseException:
            self._lease.release()
            raise
        self._ended = False
        if open_browser:
            self.page.open_browser()

    @property
    def state(self) -> MicdropState:
        """The state of the call, frozen."""
        return self._call.core.state

    def wait(self, timeout: float | None = None) -> bool:
        """Block this thread until the page is served no more; see `CallPage.wait`."""
        return self.page.wait(timeout)

    def _end_pages(self, rest: contextlib.ExitStack, left_s: Callable[[], float]) -> None:
        rest.callback(self.page.close)
