"""What tests of voice calls need: a server that misbehaves on command."""

from micdrop_widget.testing.faulty_server import FaultyCall, FaultyServer, Script
from micdrop_widget.testing.rhythm import Chunk, rhythm

__all__ = ["Chunk", "FaultyCall", "FaultyServer", "Script", "rhythm"]
