"""A call whose microphone, loudspeaker and buttons are in pages, over any carriers. On the loop thread."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any, Protocol

from micdrop_widget.browser import messages
from micdrop_widget.browser.carriers import Carriers
from micdrop_widget.browser.downlink import Carrier, Downlink
from micdrop_widget.browser.link import LinkReport
from micdrop_widget.browser.microphone import BrowserMicrophone
from micdrop_widget.browser.pages import Pages
from micdrop_widget.browser.panel import PanelController
from micdrop_widget.browser.speaker import BrowserSpeaker
from micdrop_widget.browser.timing import Timing
from micdrop_widget.browser.vad_readout import VadReadout
from micdrop_widget.call.core import CallCore
from micdrop_widget.call.events import CallListener
from micdrop_widget.call.options import CallOptions
from micdrop_widget.history.diagnosis import Diagnosis
from micdrop_widget.protocol import EventName
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.state import MicdropState

__all__ = ["PageCall", "StatePublisher"]


class StatePublisher(Protocol):
    """Shows the state of a call to the pages of one carrier. All methods are called on the loop thread, in order."""

    def publish(self, state: MicdropState) -> None:
        """Show a new state to all pages."""
        ...

    def publish_owner(self, owner: str | None) -> None:
        """Show which page has microphone and loudspeaker."""
        ...

    def publish_whole(self, page_id: str) -> None:
        """Show a page that is new everything that it does not know yet."""
        ...


async def _open_none(page_id: str) -> None:
    """Open no page: there is none."""


class PageCall:
    """A call in the pages of one carrier, or of several at once. All methods belong to the loop thread.

    Parameters
    ----------
    options
        The options of the call.
    listener
        Gets its events and log lines, each state after it was published to the pages.
    timing
        All delays and limits of time.
    """

    def __init__(self, options: CallOptions, listener: CallListener, timing: Timing) -> None:
        self._listener = listener
        self._carriers = Carriers()
        self._publishers: dict[Carrier, StatePublisher] = {}
        self.on_open_page: Callable[[str], Coroutine[Any, Any, None]] = _open_none
        """Called with a page that asks for another one, which this process serves itself."""
        self.page_address: Callable[[], str | None] = lambda: None
        """Returns the address of the page that this process serves, for panels that are new; None: they show none."""
        self.owner: str | None = None
        """The page that has microphone and loudspeaker, as it was last published."""
        downlink, self.pages = Downlink(self._carriers, timing), Pages(timing)
        microphone = BrowserMicrophone(downlink, self.pages, timing, self._constraints)
        speaker = BrowserSpeaker(downlink, self.pages, timing)
        self.core = CallCore(
            options, microphone, speaker, self, describe_transport=lambda: {"browser_link": asdict(self.link_report())}
        )
        readout = VadReadout(
            downlink, self.pages, timing, state=lambda: self.core.state, detector=lambda: self.core.detector
        )
        microphone.on_audio = readout.update
        self._panel = PanelController(
            self.core,
            microphone,
            speaker,
            self.pages,
            downlink,
            timing=timing,
            show_owner=self._publish_owner,
            send_private_state=self._publish_whole,
            open_page=self._open_page,
        )

    def add(self, carrier: Carrier, publisher: StatePublisher) -> None:
        """Show the call to the pages of one more carrier, whose publisher knows the state and the owner as they are."""
        self._carriers.add(carrier)
        self._publishers[carrier] = publisher

    def remove(self, carrier: Carrier) -> None:
        """Show the call to the pages of a carrier no more, after their `Bye`."""
        self._carriers.remove(carrier)
        self._publishers.pop(carrier, None)

    def receive(self, message: messages.BrowserMessage, carrier: Carrier, *, while_busy: bool = False) -> None:
        """Receive a message of a page; `while_busy` says that it would have come while a cell runs."""
        if carrier not in self._publishers:
            return  # it came after the end of its carrier
        self._carriers.note_page(message.page_id, carrier)
        self._panel.receive(message, while_busy=while_busy)
        if isinstance(message, messages.Bye):
            self._carriers.forget_page(message.page_id)

    def send_page_address(self, page_id: str, url: str) -> None:
        """Send a page the address of one that this process serves."""
        self._carriers.send(messages.page_address(page_id, url))

    def ping_pages(self) -> None:
        """Ask every page for an answer."""
        self._panel.ping_pages()

    def link_report(self) -> LinkReport:
        """Return how the audio comes, as it is now; from any thread."""
        return self._panel.link_report()

    def diagnose(self) -> Diagnosis:
        """Follow the latest turn through the call, and say where it breaks; from any thread."""
        return self._panel.diagnose()

    # What the call reports: a `CallListener`

    def on_event(self, event: EventName, arguments: tuple[Any, ...]) -> None:
        """Receive an event."""
        if event == "StateChange":
            for publisher in self._publishers.values():
                publisher.publish(arguments[0])
        self._listener.on_event(event, arguments)

    def observes_levels(self) -> bool:
        """Return whether anybody observes the levels."""
        return self._listener.observes_levels()

    def on_speech_event(self, event: SpeechEventName) -> None:
        """Receive an event of the voice activity detection."""
        self._listener.on_speech_event(event)

    def on_log_line(self, line: str) -> None:
        """Receive a line of `debug_log`."""
        self._listener.on_log_line(line)

    def _publish_owner(self, owner: str | None) -> None:
        self.owner = owner
        for publisher in self._publishers.values():
            publisher.publish_owner(owner)

    def _publish_whole(self, page_id: str) -> None:
        carrier = self._carriers.carrier_of(page_id)
        if carrier is not None:
            self._publishers[carrier].publish_whole(page_id)
        url = self.page_address()
        if url is not None:
            self.send_page_address(page_id, url)

    async def _open_page(self, page_id: str) -> None:
        await self.on_open_page(page_id)

    def _constraints(self) -> messages.Constraints:
        options = self.core.options
        return messages.Constraints(
            echoCancellation=options.echo_cancellation,
            noiseSuppression=options.noise_suppression,
            autoGainControl=options.auto_gain_control,
        )
