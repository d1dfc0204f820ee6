"""A model that hears and speaks by itself, over OpenAI's Realtime protocol: the whole other side of a call."""

from micdrop_widget.agents.realtime.agent import OpenAIRealtime

__all__ = ["OpenAIRealtime"]
