"""The commands: `micdrop-widget`, and `python -m micdrop_widget`."""

__all__: list[str] = []
