"""What the protocol page states, and the tests that prove it."""
