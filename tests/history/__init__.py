"""Tests of what a call leaves behind."""
