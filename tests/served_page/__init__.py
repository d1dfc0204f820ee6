"""The room `page`: what it serves, to whom, and what it withstands. Whole calls are in `tests/page`."""
