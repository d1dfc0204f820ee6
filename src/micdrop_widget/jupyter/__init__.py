"""Jupyter as the carrier of a call: the widget, its traits, and the threads that serve them."""

__all__: list[str] = []
