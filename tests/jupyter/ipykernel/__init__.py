"""Tests of what is changed in ipykernel: by fakes that go wrong, and by the one that is installed."""
