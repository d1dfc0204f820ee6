"""What the call machine does on each input, by theme. The table in `state.machine` says when."""

__all__: list[str] = []
