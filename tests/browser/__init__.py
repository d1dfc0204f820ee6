"""Tests of a page as microphone, loudspeaker and panel."""
