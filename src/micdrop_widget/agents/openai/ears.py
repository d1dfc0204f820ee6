"""Ears that call an endpoint for transcriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from micdrop_widget.agents.endpoint_errors import EndpointError
from micdrop_widget.agents.openai.endpoint import Endpoint
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.wav_file import wav_header

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["OpenAIEars"]


class OpenAIEars:
    """Ears by any endpoint with OpenAI's `/audio/transcriptions`: the utterance is sent as a WAV file when it is over.

    OpenAI, speaches, vLLM (`vllm serve openai/whisper-large-v3`, with its extra `audio`) and recent versions of
    Ollama have it.

    Parameters
    ----------
    model
        Such as "gpt-4o-mini-transcribe", or "Systran/faster-distil-whisper-small.en" of speaches.
    base_url
        Such as "http://localhost:8000/v1"; None is OpenAI, or what `OPENAI_BASE_URL` says.
    api_key
        None is `OPENAI_API_KEY`, where `base_url` is None too. It is never shown.
    language
        ISO-639-1, such as "en": better and faster than guessing it.
    prompt
        Words that are likely, names for example.
    options
        Further fields of the request, such as `{"temperature": 0}`.
    timeout_s
        How long an answer may take. Nothing is tried twice: the user waits.
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
        base_url: str | None = None,
        api_key: str | None = None,
        language: str | None = None,
        prompt: str | None = None,
        options: Mapping[str, Any] | None = None,
        timeout_s: float = 20,
        client: AsyncOpenAI | None = None,
    ) -> None:
        self._endpoint = Endpoint("OpenAIEars", base_url, api_key, timeout_s, client)
        self._model = model
        given = {"language": language, "prompt": prompt}
        self._fields = {name: value for name, value in given.items() if value is not None}
        self._options = dict(options or {})

    def __repr__(self) -> str:
        return f"<OpenAIEars {self._model} at {self._endpoint.url}>"

    async def __call__(self, utterance: Pcm) -> str:
        """Return what was said in a whole utterance, int16 at 16 kHz. Cancelled, it ends the request.

        Raises
        ------
        EndpointError
            The endpoint refused, failed or did not answer.
        """
        samples = pcm_to_bytes(utterance)
        file = ("utterance.wav", wav_header(len(samples), 1) + samples, "audio/wav")
        with self._endpoint.errors():
            transcriptions = (await self._endpoint.client()).audio.transcriptions
            request = transcriptions.create(model=self._model, file=file, extra_body=self._options, **self._fields)
            transcription = await self._endpoint.once(request)
            text = transcription if isinstance(transcription, str) else getattr(transcription, "text", None)
            if not isinstance(text, str):
                raise EndpointError("answered without a text: is it an endpoint that transcribes?")
        return text
