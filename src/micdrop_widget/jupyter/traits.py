"""The kinds of traits of a call, all read-only. A notebook saves synced traits, so only flags and ids are synced."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import traitlets

from micdrop_widget.call.levels import SILENT_DB
from micdrop_widget.errors import MicdropError

__all__ = ["LevelTrait", "error", "flag", "name", "sequence", "text"]


def flag() -> traitlets.Bool[bool, bool | int]:
    """Return a synced trait that is false at first."""
    return traitlets.Bool(False, read_only=True).tag(sync=True)


def name() -> traitlets.Unicode[str | None, str | bytes | None]:
    """Return a synced trait that names something, or nothing at first."""
    return traitlets.Unicode(None, allow_none=True, read_only=True).tag(sync=True)


def sequence() -> Any:  # noqa: ANN401 - the stubs know no Tuple of any length
    """Return a trait that lists something, which stays in the kernel."""
    return traitlets.Tuple(read_only=True)


def text() -> traitlets.Unicode[str, str | bytes]:
    """Return a trait that is empty at first, and stays in the kernel."""
    return traitlets.Unicode("", read_only=True)


def error() -> traitlets.Instance[MicdropError | None]:
    """Return a trait that is the last failure, or nothing, and stays in the kernel."""
    return traitlets.Instance(MicdropError, allow_none=True, read_only=True)


# its stubs are generic; the class itself is not, before traitlets 5.10
if TYPE_CHECKING:
    _Float = traitlets.Float[float, float]
else:
    _Float = traitlets.Float


class LevelTrait(_Float):
    """A trait that is measured when it is read, and set when it is observed; it stays in the kernel."""

    def __init__(self, measure: Callable[[Any], float]) -> None:
        super().__init__(SILENT_DB, read_only=True)
        self._measure = measure

    def get(self, obj: traitlets.HasTraits, cls: type[Any] | None = None) -> float:
        """Return the level now."""
        return self._measure(obj)
