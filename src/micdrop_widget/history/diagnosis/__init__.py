"""Follows one turn through a call, and says where it breaks, from facts that are gathered while the call goes on.

Nothing in here may hold what was said, the names of devices, addresses, params, headers, or what a server wrote: a
diagnosis is there to be pasted into a bug report.
"""

from micdrop_widget.history.diagnosis.collector import FactCollector
from micdrop_widget.history.diagnosis.facts import CallFacts, CapturedFacts, DetectorFacts, LinkFacts
from micdrop_widget.history.diagnosis.result import Diagnosis, Outcome, Step
from micdrop_widget.history.diagnosis.steps import diagnose

__all__ = [
    "CallFacts",
    "CapturedFacts",
    "DetectorFacts",
    "Diagnosis",
    "FactCollector",
    "LinkFacts",
    "Outcome",
    "Step",
    "diagnose",
]
