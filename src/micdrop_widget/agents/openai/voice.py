"""A voice that calls an endpoint for speech."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from micdrop_widget.agents.openai.endpoint import Endpoint
from micdrop_widget.agents.openai.sound import SoundReader

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["OpenAIVoice"]


class OpenAIVoice:
    """A voice by any endpoint with OpenAI's `/audio/speech`: heard while it is still being made.

    OpenAI, speaches, vLLM-Omni (`vllm serve … --omni`) and recent versions of Ollama have it.

    Parameters
    ----------
    model
        Such as "gpt-4o-mini-tts", or "speaches-ai/Kokoro-82M-v1.0-ONNX" of speaches.
    voice
        Such as "alloy", or "af_heart" of Kokoro.
    response_format
        "pcm": samples as they are made, int16, whose rate only `sample_rate` says; "wav": the file says it, and some
        endpoints send it whole. A WAV file is read as one even if "pcm" was asked for.
    sample_rate
        Of "pcm", in Hz: 24 000 at OpenAI, with Kokoro and most others; vLLM-Omni's Fish Speech has 44 100.
    base_url
        Such as "http://localhost:8000/v1"; None is OpenAI, or what `OPENAI_BASE_URL` says.
    api_key
        None is `OPENAI_API_KEY`, where `base_url` is None too. It is never shown.
    options
        Further fields of the request, such as `{"speed": 1.2}` or `{"instructions": "Speak calmly."}`.
    timeout_s
        How long the first sound, and each further piece, may take. Nothing is tried twice: the user waits.
    client
        An `openai.AsyncOpenAI` of your own instead of `base_url` and `api_key`.

    Raises
    ------
    ImportError
        The extra `openai` is not installed.
    ValueError
        There is no key, and no `base_url` either; or another format is asked for.
    """

    def __init__(
        self,
        model: str,
        voice: str,
        *,
        response_format: Literal["pcm", "wav"] = "pcm",
        sample_rate: int = 24_000,
        base_url: str | None = None,
        api_key: str | None = None,
        options: Mapping[str, Any] | None = None,
        timeout_s: float = 20,
        client: AsyncOpenAI | None = None,
    ) -> None:
        if response_format not in ("pcm", "wav"):
            raise ValueError(f'response_format: expected "pcm" or "wav", got {response_format!r}')
        if sample_rate < 1000:
            raise ValueError(f"sample_rate: expected a rate in Hz, such as 24000, got {sample_rate!r}")
        self._endpoint = Endpoint("OpenAIVoice", base_url, api_key, timeout_s, client)
        self._model = model
        self._voice = voice
        self._format = response_format
        self._rate = sample_rate
        self._options = dict(options or {})

    def __repr__(self) -> str:
        return f"<OpenAIVoice {self._model}, {self._voice}, at {self._endpoint.url}>"

    async def __call__(self, sentence: str) -> AsyncIterator[tuple[int, NDArray[Any]]]:
        """Yield the sound of a sentence as it comes: rate and samples. Cancelled, it ends the request.

        Raises
        ------
        EndpointError
            The endpoint refused, failed, fell silent, broke off, or sent another format.
        """
        with self._endpoint.errors():
            speech = (await self._endpoint.client()).audio.speech.with_streaming_response
            request = speech.create(
                model=self._model,
                voice=self._voice,
                input=sentence,
                response_format=self._format,
                extra_body=self._options,
            )
            response = await self._endpoint.once(request.__aenter__(), lambda opened: opened.close())
            try:
                sound = SoundReader(self._rate, response.headers.get("content-type", ""))
                async with contextlib.aclosing(self._endpoint.each(response.iter_bytes())) as received:
                    async for part in received:
                        if (piece := sound.push(part)) is not None:
                            yield piece
                sound.finish()
            finally:
                await response.close()
