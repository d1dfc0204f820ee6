"""A call that runs: its machine on an event loop, between a microphone, a server and a loudspeaker."""

__all__: list[str] = []
