"""What tests of voice calls need: a server with faults, a microphone that is a program, a clock that does not wait."""

from micdrop_widget.testing.faulty_call import FaultyCall
from micdrop_widget.testing.faulty_server import FaultyServer, Script
from micdrop_widget.testing.microphone import ScriptedMicrophone
from micdrop_widget.testing.rhythm import Chunk, rhythm
from micdrop_widget.testing.virtual_clock import VirtualClockLoop, in_virtual_time, run_in_virtual_time

__all__ = [
    "Chunk",
    "FaultyCall",
    "FaultyServer",
    "Script",
    "ScriptedMicrophone",
    "VirtualClockLoop",
    "in_virtual_time",
    "rhythm",
    "run_in_virtual_time",
]
