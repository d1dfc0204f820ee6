"""Ears, mind and voice for the embedded server."""

from micdrop_widget.agents.companion import companion
from micdrop_widget.agents.endpoint_errors import EndpointError
from micdrop_widget.agents.offline import HibariVoice, PocketsphinxEars, number_in
from micdrop_widget.agents.openai import OpenAIAgent, OpenAIEars, OpenAIVoice
from micdrop_widget.agents.playback import INTERRUPTED
from micdrop_widget.agents.protocols import (
    Agent,
    CallAgent,
    CallSettings,
    ChatMessage,
    SpeechStream,
    SpeechToText,
    StreamingSpeechToText,
    TextToSpeech,
)
from micdrop_widget.agents.ready import offline_agent
from micdrop_widget.agents.realtime import OpenAIRealtime
from micdrop_widget.agents.sentences import cut_sentences
from micdrop_widget.agents.server import MicdropServer
from micdrop_widget.agents.tools import Tool
from micdrop_widget.protocol import CancelLastUserMessage, Classification, EndCall, SkipAnswer, ToolCall
from micdrop_widget.server import CallRefused, Limits, Responder, ServerCall

__all__ = [
    "INTERRUPTED",
    "Agent",
    "CallAgent",
    "CallRefused",
    "CallSettings",
    "CancelLastUserMessage",
    "ChatMessage",
    "Classification",
    "EndCall",
    "EndpointError",
    "HibariVoice",
    "Limits",
    "MicdropServer",
    "OpenAIAgent",
    "OpenAIEars",
    "OpenAIRealtime",
    "OpenAIVoice",
    "PocketsphinxEars",
    "Responder",
    "ServerCall",
    "SkipAnswer",
    "SpeechStream",
    "SpeechToText",
    "StreamingSpeechToText",
    "TextToSpeech",
    "Tool",
    "ToolCall",
    "companion",
    "cut_sentences",
    "number_in",
    "offline_agent",
]
