"""A page that this process serves itself: the call where there is no notebook, or one without a microphone."""

from micdrop_widget.page.call_page import CallPage
from micdrop_widget.page.client import MicdropPage
from micdrop_widget.page.page_opener import PageOpener

__all__ = ["CallPage", "MicdropPage", "PageOpener"]
