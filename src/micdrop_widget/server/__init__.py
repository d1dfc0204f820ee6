"""A Micdrop server of your own: in a program, in a notebook cell, or by `python -m micdrop_widget serve`."""

from micdrop_widget.server.call import ServerCall
from micdrop_widget.server.echo import echo
from micdrop_widget.server.server import CallRefused, Greet, MicdropServer, Respond

__all__ = ["CallRefused", "Greet", "MicdropServer", "Respond", "ServerCall", "echo"]
