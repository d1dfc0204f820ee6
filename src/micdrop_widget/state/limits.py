"""How long the call machine waits, for whom."""

from __future__ import annotations

__all__ = [
    "ANSWER_GAP_MS",
    "ECHO_TAIL_MS",
    "GOODBYE_MS",
    "READY_GRACE_MS",
    "TURN_PREDICTION_MS",
]

READY_GRACE_MS = 1000
"""A server that says nothing for this long after the params is taken to be ready."""

ANSWER_GAP_MS = 200
"""Silence after the last sample heard that ends an answer: a server that stutters is still one answer."""

ECHO_TAIL_MS = 300
"""How long the microphone is ignored after the assistant was heard, with interruption disabled (Micdrop's value)."""

GOODBYE_MS = 5000
"""How long a graceful stop waits for an answer to begin: a server may hold one back for 4 s."""

TURN_PREDICTION_MS = 1000
"""How long the turn detector may take; a turn that it does not know to be incomplete by then is over."""
