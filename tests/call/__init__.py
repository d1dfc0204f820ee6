"""Tests of a call that runs."""
