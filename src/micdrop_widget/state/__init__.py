"""The state of a call: what is known (`snapshot`), what happens (`inputs`, `effects`), and the machine between."""

from micdrop_widget.state.machine import step
from micdrop_widget.state.notices import Notice, NoticeCode
from micdrop_widget.state.snapshot import Call, MicdropState, Phase, Settings, snapshot

__all__ = ["Call", "MicdropState", "Notice", "NoticeCode", "Phase", "Settings", "snapshot", "step"]
