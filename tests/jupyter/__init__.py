"""Tests of the widget and the kernel around it."""
