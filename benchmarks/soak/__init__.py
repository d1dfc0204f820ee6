"""A whole call for an hour: does memory stay where it is."""
