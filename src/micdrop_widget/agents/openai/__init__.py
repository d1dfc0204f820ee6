"""Parts that any endpoint with OpenAI's HTTP interface provides: OpenAI, Ollama, vLLM, llama.cpp, speaches, ….

They need the extra `openai`, whose package is loaded when the first part is made.
"""

from micdrop_widget.agents.openai.agent import OpenAIAgent
from micdrop_widget.agents.openai.ears import OpenAIEars
from micdrop_widget.agents.openai.voice import OpenAIVoice

__all__ = ["OpenAIAgent", "OpenAIEars", "OpenAIVoice"]
