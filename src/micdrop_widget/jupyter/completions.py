"""Completes the names of events in a notebook: `call.on("Mes`, which IPython cannot know from annotations."""

from __future__ import annotations

import re
import sys
from typing import Any, get_args

from micdrop_widget.call.call_events import CallEvents
from micdrop_widget.call.events import VAD_EVENTS, CallVAD
from micdrop_widget.protocol import EventName

__all__ = ["complete_event_names"]

_METHODS = re.compile(r"""(?:^|.*[^\w.])([\w.]+)\.(?:on|off|events|wait_for)\(\s*["']\w*$""", re.DOTALL)


def complete_event_names() -> None:
    """Let the running IPython complete the names of events; without IPython, or when it does already, do nothing."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None and not getattr(shell, "_micdrop_completes", False):
        shell._micdrop_completes = True
        shell.set_hook("complete_command", _complete, re_key=_METHODS)


def _complete(shell: Any, event: Any) -> tuple[str, ...]:  # noqa: ANN401 - of IPython
    """Return the names of the events of the object before the dot; IPython chooses those that fit the typed text."""
    before = _METHODS.match(event.text_until_cursor)
    if before is None:
        return ()
    first, *attributes = before[1].split(".")
    value = shell.user_ns.get(first)
    for name in attributes:
        if not isinstance(value, CallEvents):
            return ()  # only attributes of calls are read: others may do anything
        value = getattr(value, name, None)
    if isinstance(value, CallEvents):
        return get_args(EventName)
    return VAD_EVENTS if isinstance(value, CallVAD) else ()
