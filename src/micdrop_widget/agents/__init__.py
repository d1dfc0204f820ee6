"""Ears, mind and voice for the embedded server."""

from micdrop_widget.agents.server import MicdropServer

__all__ = ["MicdropServer"]
