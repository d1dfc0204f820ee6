"""The browser as the call's microphone and loudspeaker, and as the place where its buttons are pressed."""

from micdrop_widget._browser.downlink import Downlink
from micdrop_widget._browser.front_ends import FrontEnds
from micdrop_widget._browser.link import TransportReport
from micdrop_widget._browser.meter import HearingMeter
from micdrop_widget._browser.microphone import BrowserMicrophone
from micdrop_widget._browser.reception import Reception
from micdrop_widget._browser.speaker import BrowserSpeaker

__all__ = [
    "BrowserMicrophone",
    "BrowserSpeaker",
    "Downlink",
    "FrontEnds",
    "HearingMeter",
    "Reception",
    "TransportReport",
]
