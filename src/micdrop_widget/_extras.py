"""Packages that are not needed for a call, and are missing where something asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from micdrop_widget.errors import MicdropErrorCode, MissingPackageError

__all__ = ["extra_needed"]


@contextmanager
def extra_needed(extra: str, package: str, what: str) -> Iterator[None]:
    """Import within it what needs a package of an extra.

    Parameters
    ----------
    extra, package
        Of which extra of ours it is, and what it is called.
    what
        What is asked for, in the plural, as the error says it.

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
