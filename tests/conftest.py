"""Fixtures and settings of all tests."""

from hypothesis import settings

from tests.harness.leaks import clean_loop

__all__ = ["clean_loop"]

# Time is measured in benchmarks: a busy machine fails no test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
