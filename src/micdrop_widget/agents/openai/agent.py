"""A mind that calls an endpoint for chats."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from micdrop_widget.agents.endpoint_errors import EndpointError
from micdrop_widget.agents.openai.endpoint import Endpoint
from micdrop_widget.agents.protocols import ChatMessage
from micdrop_widget.agents.tools import Tool

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["OpenAIAgent"]


class OpenAIAgent:
    """A mind that calls any endpoint with OpenAI's `/chat/completions`, streamed, with the tools of the server.

    OpenAI, Ollama, vLLM, llama.cpp and many more have it. For tools, vLLM must be started with
    `--enable-auto-tool-choice --tool-call-parser …` and llama.cpp with `--jinja`, which calls several at once only
    with `options={"parallel_tool_calls": True}`; Ollama numbers none of several calls, which is seen to. What a model
    thinks before it answers must not be spoken: where it comes as a field of its own it is left out; where it stands in
    the text, switch it off, as with `options={"reasoning_effort": "none"}` of Ollama, `--reasoning-parser …` of vLLM or
    `--reasoning-format deepseek` of llama.cpp.

    Parameters
    ----------
    model
        Such as "gpt-4o-mini", or "qwen3:8b" of Ollama; llama.cpp answers to any name.
    instructions
        The system message before each conversation: who the agent is, and that it is heard and not read.
    base_url
        Such as "http://localhost:11434/v1"; None is OpenAI, or what `OPENAI_BASE_URL` says.
    api_key
        None is `OPENAI_API_KEY`, where `base_url` is None too. It is never shown.
    options
        Further fields of the request, such as `{"temperature": 0.3, "max_tokens": 200}`.
    timeout_s
        How long the first word, and each further piece, may take. Nothing is tried twice: the user waits.
    client
        An `openai.AsyncOpenAI` of your own instead of `base_url` and `api_key`.

    Raises
    ------
    ImportError
        The extra `openai` is not installed.
    ValueError
        There is no key, and no `base_url` either.
    """

    def __init__(
        self,
        model: str,
        *,
        instructions: str | None = "You are on a call: answer in one to three short sentences, as they are spoken.",
        base_url: str | None = None,
        api_key: str | None = None,
        options: Mapping[str, Any] | None = None,
        timeout_s: float = 20,
        client: AsyncOpenAI | None = None,
    ) -> None:
        self._endpoint = Endpoint("OpenAIAgent", base_url, api_key, timeout_s, client)
        self._model = model
        self._first: list[ChatMessage] = [{"role": "system", "content": instructions}] if instructions else []
        self._options = dict(options or {})

    def __repr__(self) -> str:
        return f"<OpenAIAgent {self._model} at {self._endpoint.url}>"

    async def __call__(
        self, conversation: list[ChatMessage], tools: Sequence[Tool] = ()
    ) -> AsyncIterator[str | ChatMessage]:
        """Yield the answer as it is written, and the tools it asks for at its end. Cancelled, it ends the request.

        Raises
        ------
        EndpointError
            The endpoint refused, failed, fell silent, or broke off before the end of the answer.
        """
        calls = _ToolCalls()
        ended = False
        offered = {"tools": [tool.schema for tool in tools]} if tools else {}
        with self._endpoint.errors():
            completions = (await self._endpoint.client()).chat.completions
            request = completions.create(
                model=self._model,
                messages=[*self._first, *conversation],
                stream=True,
                extra_body=self._options,
                **offered,
            )
            stream = await self._endpoint.once(request, lambda opened: opened.close())
            async with stream, contextlib.aclosing(self._endpoint.each(aiter(stream))) as chunks:
                async for chunk in chunks:
                    for choice in (chunk.choices or ())[:1]:  # the last chunk may have none, and say what it cost
                        ended = ended or choice.finish_reason is not None
                        delta = choice.delta
                        calls.add(getattr(delta, "tool_calls", None) or ())
                        text = getattr(delta, "content", None) or getattr(delta, "refusal", None)
                        if text:
                            yield text
            if not ended:
                raise EndpointError("broke off before the end of its answer")
        if calls.whole:
            yield {"role": "assistant", "content": None, "tool_calls": calls.whole}


class _ToolCalls:
    """Tool calls that come in pieces.

    A piece belongs to the call of its number, as OpenAI has it. Ollama gives every call the number 0 or none: another
    id is then another call.
    """

    def __init__(self) -> None:
        self.whole: list[dict[str, Any]] = []
        self._numbered: dict[int | None, dict[str, Any]] = {}

    def add(self, pieces: Sequence[Any]) -> None:
        for piece in pieces:
            call = self._numbered.get(piece.index)
            if call is None or (piece.id and call["id"] and piece.id != call["id"]):
                call = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
                self._numbered[piece.index] = call
                self.whole.append(call)
            call["id"] = call["id"] or piece.id or ""
            if piece.function is not None:
                call["function"]["name"] = call["function"]["name"] or piece.function.name or ""
                call["function"]["arguments"] += piece.function.arguments or ""
