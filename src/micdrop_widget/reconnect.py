"""`Reconnect`: how a lost call reconnects."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

__all__ = ["Reconnect"]


@dataclass(frozen=True, slots=True)
class Reconnect:
    """How a lost call reconnects.

    Parameters
    ----------
    max_attempts
        How many times to try; None for ever, 0 never.
    delay_ms, max_delay_ms
        The wait before the first attempt, doubled for each further one up to the maximum.
    connection_timeout_ms
        How long one attempt (the first connection included) may take.
    """

    max_attempts: int | None = None
    delay_ms: float = 1000
    max_delay_ms: float = 10_000
    connection_timeout_ms: float = 5000

    def __post_init__(self) -> None:
        if isinstance(self.max_attempts, bool) or not isinstance(self.max_attempts, Integral | None):
            raise TypeError(
                f"Reconnect(max_attempts={self.max_attempts!r}): expected None, or a whole number from 0 on"
            )
        for name in ("delay_ms", "max_delay_ms", "connection_timeout_ms"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise TypeError(f"Reconnect({name}={value!r}): expected milliseconds")
        if self.max_attempts is not None and self.max_attempts < 0:
            raise ValueError(f"Reconnect(max_attempts={self.max_attempts!r}): expected None, 0 or more")
        if not 0 <= self.delay_ms <= self.max_delay_ms:
            raise ValueError("Reconnect: expected 0 <= delay_ms <= max_delay_ms")
        if not self.connection_timeout_ms > 0:  # NaN included
            raise ValueError("Reconnect: connection_timeout_ms must be positive")

    def allows(self, attempt: int) -> bool:
        """Return whether an attempt (numbered from 1) may be made."""
        return self.max_attempts is None or attempt <= self.max_attempts

    def delay_before(self, attempt: int) -> float:
        """Return the wait in milliseconds before an attempt, numbered from 1, without jitter."""
        return min(self.max_delay_ms, self.delay_ms * 2.0 ** min(attempt - 1, 30))
