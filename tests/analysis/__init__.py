"""Tests of what looks at hearing."""
