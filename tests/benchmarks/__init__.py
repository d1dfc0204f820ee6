"""Tests of the benchmarks: what they may print, and what they must not."""
