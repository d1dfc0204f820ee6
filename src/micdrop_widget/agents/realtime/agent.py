"""A Realtime endpoint as the whole other side of a call."""

from __future__ import annotations

import os
import ssl as tls
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from micdrop_widget.agents.protocols import CallSettings
from micdrop_widget.agents.realtime.responder import RealtimeResponder
from micdrop_widget.agents.realtime.session import Address
from micdrop_widget.agents.realtime.wire import SessionSettings
from micdrop_widget.server.call import ServerCall
from micdrop_widget.server.cells import CellContext
from micdrop_widget.server.responder import Responder

__all__ = ["OpenAIRealtime"]

_OPENAI = "wss://api.openai.com/v1/realtime"


class OpenAIRealtime:
    """A model that hears and speaks by itself: `MicdropServer(OpenAIRealtime("gpt-realtime"), tools=[…])`.

    Any endpoint that speaks OpenAI's Realtime protocol over WebSocket does: OpenAI itself, speaches, vLLM-Omni and
    others, by the names that events have had since September 2025 or those before. It needs no extra.

    The caller's client says where turns begin and end, the endpoint's own turn detection is off: speech is sent while
    it is spoken, committed at StopSpeaking and answered. An interruption cancels the answer, and takes what was not
    heard out of the endpoint's conversation. A session that ends, as OpenAI's do after an hour, is followed by a new
    one, which gets the conversation so far.

    Parameters
    ----------
    model
        The model's name, such as "gpt-realtime"; it becomes part of the url's query, unless that names one.
    url
        `ws://` or `wss://`, such as "ws://localhost:8000/v1/realtime"; None is OpenAI.
    api_key
        None is `OPENAI_API_KEY`, where `url` is None too; no key goes to a url that is given without one. Never shown.
    voice
        Such as "marin"; None is the endpoint's own.
    instructions
        Who the agent is; None leaves the endpoint's own.
    transcription_model, language
        The model that transcribes the user's speech, for the conversation of the call; None where the endpoint does so
        by itself, or cannot.
    await_transcript
        Ask for the answer when the transcript is there. For endpoints whose model reads what was said, as speaches'
        does; an utterance without words is then not answered.
    input_sample_rate, output_sample_rate
        Rates of the endpoint's audio, in Hz: 24 000 by the protocol; vLLM-Omni's input is 16 000.
    headers
        Of the handshake, for endpoints with other ways to carry a key, such as `{"api-key": …}`, or for a beta.
    options
        Further fields of the session, such as `{"max_output_tokens": 500}`.
    ssl
        An `ssl.SSLContext`, for a certificate of your own.
    timeout_s
        How long the connection, and each further piece of an answer, may take.

    Raises
    ------
    ValueError
        The url is none of a WebSocket, a rate is none, or there is no key for OpenAI.
    """

    def __init__(
        self,
        model: str,
        *,
        url: str | None = None,
        api_key: str | None = None,
        voice: str | None = None,
        instructions: str | None = "You are on a call: answer in one to three short sentences.",
        transcription_model: str | None = "gpt-4o-mini-transcribe",
        language: str | None = None,
        await_transcript: bool = False,
        input_sample_rate: int = 24_000,
        output_sample_rate: int = 24_000,
        headers: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        ssl: tls.SSLContext | None = None,
        timeout_s: float = 20,
    ) -> None:
        if url is not None and urlsplit(url).scheme not in ("ws", "wss"):
            raise ValueError("url: expected ws:// or wss://, such as 'ws://localhost:8000/v1/realtime'")
        for name, rate in {"input_sample_rate": input_sample_rate, "output_sample_rate": output_sample_rate}.items():
            if not 8000 <= rate <= 192_000:
                raise ValueError(f"{name}: expected a rate in Hz, such as 24000, got {rate!r}")
        if not timeout_s > 0:
            raise ValueError(f"timeout_s: expected a positive number of seconds, got {timeout_s!r}")
        if await_transcript and transcription_model is None:
            raise ValueError("await_transcript: expected a transcription_model, whose transcript is awaited")
        key = os.environ.get("OPENAI_API_KEY") if api_key is None and url is None else api_key
        if url is None and not key and not headers:
            raise ValueError("OpenAIRealtime: expected api_key=…, or OPENAI_API_KEY in the environment, or url=…")
        transcription = None if transcription_model is None else {"model": transcription_model}
        if transcription is not None and language is not None:
            transcription["language"] = language
        self._address = Address(
            _with_model(url or _OPENAI, model),
            {**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})},
            key,
            ssl,
            timeout_s,
        )
        self._settings = SessionSettings(
            model, instructions, voice, transcription, input_sample_rate, output_sample_rate, dict(options or {})
        )
        self._await_transcript = await_transcript
        self._context = CellContext()

    def __repr__(self) -> str:
        return f"<OpenAIRealtime {self._settings.model} at {self._address.name}>"

    def open_call(self, call: ServerCall, before: Responder | None, settings: CallSettings) -> Responder:
        """Return what answers a call; see `micdrop_widget.agents.CallAgent`."""
        return RealtimeResponder(
            call,
            self._address,
            self._settings,
            settings,
            context=self._context,
            earlier=getattr(before, "conversation", []),
            await_transcript=self._await_transcript,
        )


def _with_model(url: str, model: str) -> str:
    if "model=" in urlsplit(url).query:
        return url
    return f"{url}{'&' if '?' in url else '?'}model={quote(model, safe='')}"
