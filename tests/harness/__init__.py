"""What listens to a call and measures it, and its own tests."""
