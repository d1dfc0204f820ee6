"""Tests of turn detection."""
