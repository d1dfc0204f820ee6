"""The tests of micdrop-widget."""
