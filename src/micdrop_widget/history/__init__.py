"""What a call leaves behind: its turns, its recording, its events, and their files."""

__all__: list[str] = []
