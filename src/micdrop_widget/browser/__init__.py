"""The browser as the call's microphone and loudspeaker, and as the place where its buttons are pressed."""

from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.link import LinkReport
from micdrop_widget.browser.microphone import BrowserMicrophone
from micdrop_widget.browser.pages import FrontEnds
from micdrop_widget.browser.panel import PanelController
from micdrop_widget.browser.private_state import PrivateState
from micdrop_widget.browser.speaker import BrowserSpeaker
from micdrop_widget.browser.vad_readout import VadReadout

__all__ = [
    "BrowserMicrophone",
    "BrowserSpeaker",
    "Downlink",
    "FrontEnds",
    "LinkReport",
    "PanelController",
    "PrivateState",
    "VadReadout",
]
