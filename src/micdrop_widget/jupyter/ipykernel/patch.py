"""A method of ipykernel's, replaced with care."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any, Final

__all__ = ["PASS_ON", "MethodPatch", "give_up", "has_parameters"]

_log = logging.getLogger("micdrop_widget.jupyter.ipykernel")

_MISSING: Final = object()

PASS_ON: Final = object()
"""A replacement returns this to have the original called."""


def has_parameters(function: object, *names: str) -> bool:
    """Return whether a function takes arguments of these names, in this order, and needs no others."""
    if not callable(function):
        return False
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return False
    ours, others = parameters[: len(names)], parameters[len(names) :]
    return tuple(parameter.name for parameter in ours) == names and all(
        parameter.default is not parameter.empty or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        for parameter in others
    )


def give_up(what: str) -> None:
    """Log, with the exception being handled, that a change was taken back."""
    _log.warning("%s of ipykernel behaves unlike expected: it is left alone from now on", what, exc_info=True)


class MethodPatch:
    """Replaces a method of one object until the replacement fails; may be called from any thread.

    Parameters
    ----------
    owner, name
        The object, and the name of its method.
    parameters
        The names of the method's first parameters, as they must be.
    replacement
        Called with the method's arguments; returns the result, or `PASS_ON`. When it raises, the original is put
        back, for good, and called.
    """

    def __init__(
        self,
        owner: object,
        name: str,
        parameters: tuple[str, ...],
        replacement: Callable[..., Any],
    ) -> None:
        self._owner = owner
        self._name = name
        self._parameters = parameters
        self._replacement = replacement
        self._before: object = _MISSING
        self.is_installed = False

    def install(self) -> bool:
        """Replace the method, and return whether it was: one that is not as expected stays as it is."""
        method = getattr(self._owner, self._name, None)
        if method is None or not has_parameters(method, *self._parameters):
            _log.info("ipykernel has no %s%s: nothing is changed", self._name, self._parameters)
            return False
        self.original: Callable[..., Any] = method
        self.__signature__ = inspect.signature(method)  # whoever looks as we do finds what is expected
        self._before = vars(self._owner).get(self._name, _MISSING)
        setattr(self._owner, self._name, self)
        self.is_installed = True
        return True

    def remove(self) -> None:
        """Put the original back; where somebody has replaced the method since, step aside instead."""
        self.is_installed = False
        if vars(self._owner).get(self._name) is not self:
            return
        if self._before is _MISSING:
            delattr(self._owner, self._name)
        else:
            setattr(self._owner, self._name, self._before)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - the method's own
        """Call the replacement; the original where it asks for that, fails, or is not installed any more."""
        if self.is_installed:
            try:
                result = self._replacement(*arguments, **keywords)
            except Exception:  # noqa: BLE001 - whatever it is: the kernel must go on as it would without us
                self.remove()
                give_up(self._name)
            else:
                if result is not PASS_ON:
                    return result
        return self.original(*arguments, **keywords)
