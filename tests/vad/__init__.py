"""Tests of voice activity detection."""
