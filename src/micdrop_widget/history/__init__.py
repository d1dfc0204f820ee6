"""What a call leaves behind: its turns, what it sounded like, and their files."""

__all__: list[str] = []
