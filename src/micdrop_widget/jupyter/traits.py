"""The kinds of traits a call has: read-only, synced to the panel, each with its form on the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import traitlets

from micdrop_widget.errors import MicdropError
from micdrop_widget.protocol import item_to_json

__all__ = ["conversation", "devices", "error", "flag", "name"]


def flag() -> traitlets.Bool[bool, bool | int]:
    """Return a trait that is false at first."""
    return traitlets.Bool(False, read_only=True).tag(sync=True)


def name() -> traitlets.Unicode[str | None, str | bytes | None]:
    """Return a trait that names something, or nothing at first."""
    return traitlets.Unicode(None, allow_none=True, read_only=True).tag(sync=True)


def devices() -> Any:  # noqa: ANN401 - the stubs know no Tuple of any length
    """Return a trait that lists devices."""
    return _tuple(lambda devices, _: [asdict(device) for device in devices])


def conversation() -> Any:  # noqa: ANN401 - as above
    """Return a trait that lists what was said."""
    return _tuple(lambda items, _: [item_to_json(item) for item in items])


def error() -> traitlets.Instance[MicdropError | None]:
    """Return a trait that is the last failure, or nothing."""

    def to_json(error: MicdropError | None, _: object) -> dict[str, str] | None:
        if error is None:
            return None
        return {"code": str(error.code), "message": error.message, "remedy": error.remedy}

    return traitlets.Instance(MicdropError, allow_none=True, read_only=True).tag(sync=True, to_json=to_json)


def _tuple(to_json: Callable[[Sequence[Any], object], object]) -> Any:  # noqa: ANN401 - as above
    return traitlets.Tuple(read_only=True).tag(sync=True, to_json=to_json)
