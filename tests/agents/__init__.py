"""Tests of who answers the embedded server's calls."""
