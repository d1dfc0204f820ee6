"""A logger for libraries whose messages may hold secrets."""

from __future__ import annotations

import logging

__all__ = ["silent_logger"]


def silent_logger(name: str) -> logging.Logger:
    """Return a logger that passes nothing on, at no level.

    For websockets, which logs urls, headers and frames at DEBUG level: params and tokens would land in the log.
    """
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
