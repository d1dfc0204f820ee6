"""The browser as the call's microphone and loudspeaker, and as the place where its buttons are pressed."""

from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.link import LinkReport
from micdrop_widget.browser.meter import HearingMeter
from micdrop_widget.browser.microphone import BrowserMicrophone
from micdrop_widget.browser.pages import FrontEnds
from micdrop_widget.browser.panel import PanelController
from micdrop_widget.browser.speaker import BrowserSpeaker

__all__ = [
    "BrowserMicrophone",
    "BrowserSpeaker",
    "Downlink",
    "FrontEnds",
    "HearingMeter",
    "LinkReport",
    "PanelController",
]
