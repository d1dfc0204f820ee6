"""A Micdrop server of your own: accepts connections and carries calls; `agents` has what answers them."""

from micdrop_widget.server.call import MakeResponder, ServerCall
from micdrop_widget.server.echo import echo
from micdrop_widget.server.function import FunctionResponder, Greet, Respond
from micdrop_widget.server.handshake import CallRefused, Limits
from micdrop_widget.server.responder import Responder
from micdrop_widget.server.server import CallServer

__all__ = [
    "CallRefused",
    "CallServer",
    "FunctionResponder",
    "Greet",
    "Limits",
    "MakeResponder",
    "Respond",
    "Responder",
    "ServerCall",
    "echo",
]
