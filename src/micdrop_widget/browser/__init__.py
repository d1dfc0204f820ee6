"""The browser as the call's microphone and loudspeaker, and as the place where its buttons are pressed."""

from micdrop_widget.browser.client import BrowserClient
from micdrop_widget.browser.downlink import Carrier, Downlink
from micdrop_widget.browser.link import LinkReport
from micdrop_widget.browser.microphone import BrowserMicrophone
from micdrop_widget.browser.page_call import PageCall, StatePublisher
from micdrop_widget.browser.pages import Pages
from micdrop_widget.browser.panel import PanelController
from micdrop_widget.browser.private_state import PrivateState
from micdrop_widget.browser.speaker import BrowserSpeaker
from micdrop_widget.browser.timing import Timing
from micdrop_widget.browser.vad_readout import VadReadout

__all__ = [
    "BrowserClient",
    "BrowserMicrophone",
    "BrowserSpeaker",
    "Carrier",
    "Downlink",
    "LinkReport",
    "PageCall",
    "Pages",
    "PanelController",
    "PrivateState",
    "StatePublisher",
    "Timing",
    "VadReadout",
]
