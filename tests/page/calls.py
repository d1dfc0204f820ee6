"""Calls that the tests hold: a server that keeps what it receives, a widget, and the page that shows it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from playwright.sync_api import BrowserContext, Error, Page

from micdrop_widget import MicdropPage, MicdropServer, MicdropWidget
from micdrop_widget.audio import Pcm
from micdrop_widget.browser import Timing
from micdrop_widget.browser.future import CallFuture
from micdrop_widget.server import ServerCall, echo
from tests.harness.browsers import Browsers
from tests.harness.chromium import Microphone, Permission
from tests.harness.taps import TAPS_JS
from tests.page.bridge import Bridge
from tests.page.call_page import CallPage
from tests.page.untouched import UntouchedPage

__all__ = [
    "HeldCall",
    "KeepingServer",
    "Opener",
    "Respond",
    "result",
    "skip",
    "wait_for_samples",
    "wait_for_turns",
    "wait_until",
]

_T = TypeVar("_T")
_numbers = itertools.count(1)

Respond = Callable[[ServerCall, Pcm], Awaitable[None]]


async def skip(call: ServerCall, _: Pcm) -> None:
    """Answer nothing."""
    await call.skip_answer()


class KeepingServer:
    """A server that keeps what it received; by default it repeats each utterance.

    Attributes
    ----------
    frames
        Each command by its name, each frame of audio by how many bytes it has.
    utterances, calls
        In the order of their beginning.
    """

    def __init__(self, respond: Respond = echo, **options: Any) -> None:
        self.frames: list[str | int] = []
        self.utterances: list[Pcm] = []
        self.calls: list[ServerCall] = []
        self._respond = respond
        self.server = MicdropServer(self._answer, on_frame=self._keep, **options).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    @property
    def commands(self) -> list[str]:
        """The commands, in order."""
        return [frame for frame in self.frames if isinstance(frame, str)]

    def _keep(self, call: ServerCall, frame: str | bytes) -> None:
        self.frames.append(frame if isinstance(frame, str) else len(frame))
        if call not in self.calls:
            self.calls.append(call)

    async def _answer(self, call: ServerCall, utterance: Pcm) -> None:
        self.utterances.append(utterance)
        await self._respond(call, utterance)


@dataclass(slots=True)
class HeldCall:
    """A server, a call to it, and the first page that shows it."""

    server: KeepingServer
    call: MicdropWidget
    page: CallPage
    became_true: list[str] = field(default_factory=list)
    """The names of the call's flags, in the order in which they became true."""
    errors: list[str] = field(default_factory=list)
    """The codes of its errors."""
    reports: list[dict[str, Any]] = field(default_factory=list)
    """How far the page says it has played, oldest first."""

    def start(self) -> None:
        """Press Start, and wait until the call is ready."""
        self.page.press("start")
        wait_until(lambda: self.call.isStarted)

    def stop(self) -> None:
        """Press Stop, and wait until the microphone is off."""
        self.page.press("start")
        wait_until(lambda: not self.call.isStarted and not self.call.isMicStarted)


class Opener:
    """Opens calls; at the end it closes what was opened, and knows what the pages complained of."""

    def __init__(self, bridge: Bridge, browsers: Browsers) -> None:
        self.pages: list[CallPage] = []
        self._bridge = bridge
        self._browsers = browsers
        self._contexts: list[BrowserContext] = []
        self._servers: list[KeepingServer] = []
        self._calls: list[MicdropWidget] = []

    def __call__(
        self,
        server: KeepingServer | None = None,
        *,
        url: str | None = "",
        views: int = 1,
        timing: Timing | None = None,
        microphone: Microphone = None,
        microphone_loops: bool = False,
        permission: Permission = "granted",
        autoplay_needs_gesture: bool = False,
        arguments: tuple[str, ...] = (),
        bypass_csp: bool = False,
        tap_microphone: bool = False,
        script: str = "",
        host: str = "127.0.0.1",
        permissions_policy: str = "",
        port: int | None = None,
        **options: Any,
    ) -> HeldCall:
        """Make a call to a server, and show it in a page; the call is not started.

        Parameters
        ----------
        server
            By default an echo.
        url
            Instead of the server's.
        views
            How many the page shows.
        timing
            How long the call waits for its pages; by default as it does for users.
        microphone, microphone_loops, permission, autoplay_needs_gesture, arguments
            As of `launch_chromium`.
        bypass_csp
            As of `Browsers.context`.
        tap_microphone
            Also record what the page's microphone sources deliver.
        script
            Runs in the page before everything else.
        host, permissions_policy
            What the page's address calls this machine, and the header that it is served with.
        port
            Of a relay to the bridge's.
        options
            Of the call.
        """
        server = self.serve() if server is None else server
        call = self.widget(server.url if url == "" else url, timing=timing, **options)
        context = self._browsers.context(
            microphone=microphone,
            microphone_loops=microphone_loops,
            permission=permission,
            autoplay_needs_gesture=autoplay_needs_gesture,
            arguments=arguments,
            bypass_csp=bypass_csp,
        )
        self._contexts.append(context)
        if tap_microphone:
            context.add_init_script("window.__tapMicrophone = true")
        page = CallPage(context, self._address(host, permissions_policy, port), (call,) * views, script=script)
        self.pages.append(page)
        held = HeldCall(server, call, page, reports=self._bridge.received(call.model_id, "heard"))
        flags = [name for name in call.trait_names() if name.startswith("is")]
        call.observe(lambda change: held.became_true.append(change.name) if change.new else None, flags)
        call.on("Error", lambda error: held.errors.append(error.code.value))
        return held

    def serve(self, respond: Respond = echo, **options: Any) -> KeepingServer:
        """Start a server."""
        server = KeepingServer(respond, **options)
        self._servers.append(server)
        return server

    def widget(self, url: str | None, *, timing: Timing | None = None, **options: Any) -> MicdropWidget:
        """Make a call that no page shows yet."""
        kind: type[MicdropWidget] = MicdropWidget
        if timing is not None:
            kind = type("TimedWidget", (MicdropWidget,), {"_timing": timing})
        call = kind(url, **options)
        self._calls.append(call)
        return call

    def tab(self, held: HeldCall, call: MicdropWidget | None = None) -> CallPage:
        """Show a call, by default the same, in one more tab of the browser that shows it."""
        page = CallPage(held.page.page.context, self._address("127.0.0.1"), (call or held.call,))
        self.pages.append(page)
        return page

    def untouched(self, *, script: str) -> UntouchedPage:
        """Show a call in a page that nobody has touched, of a browser that plays nothing without a gesture."""
        call = self.widget(self.serve().url)
        context = self._browsers.context(autoplay_needs_gesture=True)
        self._contexts.append(context)
        return UntouchedPage(context, f"{self._address('127.0.0.1')}&show={call.model_id}", call, script=script)

    def bare_page(self, *, tap_microphone: bool = False, **settings: Any) -> Page:
        """Open the page in a browser with these settings, as of `launch_chromium`; it shows nothing."""
        context = self._browsers.context(**settings)
        self._contexts.append(context)
        if tap_microphone:
            context.add_init_script("window.__tapMicrophone = true")
        page = context.new_page()
        page.add_init_script(path=TAPS_JS)
        page.goto(self._address("127.0.0.1"))
        return page

    def _address(self, host: str, permissions_policy: str = "", port: int | None = None) -> str:
        return f"http://{host}:{port or self._bridge.port}/?permissions_policy={permissions_policy}"

    def unexpected_errors(self) -> list[str]:
        """Return what the pages complained of and no test allowed."""
        return [error for page in self.pages for error in page.errors.unexpected()]

    def describe(self) -> str:
        """Write a screenshot of every open page; return where they are and what the pages complained of."""
        lines: list[str] = []
        for page in self.pages:
            lines += page.errors.all
            try:
                page.page.screenshot(path=(file := self._browsers.home / f"failed-{next(_numbers)}.png"))
                lines.append(str(file))
            except Error as error:  # the page is closed or has crashed
                lines.append(f"no screenshot: {error.message}")
        return "\n".join(lines)

    def close(self) -> None:
        """End the calls, close the pages and stop the servers."""
        for call in self._calls:
            call.close()
        for context in self._contexts:
            context.close()
        for server in self._servers:
            server.server.stop()


def wait_until(condition: Callable[[], object], *, timeout: float = 15) -> None:
    """Wait until a condition of this process holds; for what has no event to wait for.

    Raises
    ------
    TimeoutError
        It never did.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true after {timeout} s")
        time.sleep(0.005)


def wait_for_turns(call: MicdropWidget | MicdropPage, count: int, *, timeout: float = 30) -> None:
    """Wait until as many answers have been heard to the end."""
    wait_until(lambda: sum(turn.answer_end_ms is not None for turn in call.turns) >= count, timeout=timeout)


def wait_for_samples(page: CallPage, kind: str, count: int) -> None:
    """Wait until the page's first tap of this kind holds so many samples."""
    page.until("([kind, count]) => window.__taps.counts(kind)[0] >= count", [kind, count])


def result(future: CallFuture[_T], *, timeout: float = 20) -> _T:
    """Wait, outside of any event loop, for what a method of the widget comes to; raises what it raises."""
    outcome: concurrent.futures.Future[_T] = concurrent.futures.Future()

    async def wait() -> None:
        try:
            outcome.set_result(await future)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            outcome.set_exception(error)

    # A thread of its own: playwright's event loop runs in this one.
    threading.Thread(target=asyncio.run, args=(wait(),), name="result").start()
    return outcome.result(timeout)
