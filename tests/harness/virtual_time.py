"""The clock of `micdrop_widget.testing` that does not wait, by the names that the tests here use."""

from __future__ import annotations

from micdrop_widget.testing import in_virtual_time
from micdrop_widget.testing import run_in_virtual_time as run

__all__ = ["in_virtual_time", "run"]
