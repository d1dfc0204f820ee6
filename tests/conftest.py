"""Fixtures of all tests."""

from .leaks import clean_loop

__all__ = ["clean_loop"]
