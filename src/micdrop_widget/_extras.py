"""Errors for optional packages that are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from micdrop_widget.errors import MicdropErrorCode, MissingPackageError

__all__ = ["extra_needed"]


@contextmanager
def extra_needed(extra: str, package: str, what: str) -> Iterator[None]:
    """Turn an import error within this context into one that names the extra to install.

    Parameters
    ----------
    extra, package
        The extra of this package, and the package of it that is imported.
    what
        What needs the package, in the plural, for the error.

    Raises
    ------
    MissingPackageError
        The package is not installed; the message names the extra.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise MissingPackageError(
            MicdropErrorCode.Unknown,
            f"{what} need the package {package}, which is not installed.",
            f'Install it with the extra: pip install "micdrop-widget[{extra}]"',
        ) from error
