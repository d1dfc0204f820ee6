"""Opens and releases the microphone of a call, in one task: never two at once, and each is released."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence

import numpy as np

from micdrop_widget._claims import Claim
from micdrop_widget.call.hearing import Hearing
from micdrop_widget.call.sources import AudioSource, Gap, UnpluggedError
from micdrop_widget.devices import Microphone
from micdrop_widget.errors import DetectorInUseError, MicdropError, MicdropErrorCode
from micdrop_widget.state import inputs
from micdrop_widget.vad import VAD

__all__ = ["MicrophoneTask"]

_log = logging.getLogger("micdrop_widget.call.microphone")

_RELEASE_TIMEOUT_S = 2
"""How long the end of a call, and the next start, wait for a source to be closed."""


class MicrophoneTask:
    """At most one open microphone at a time; all methods are called on one event loop.

    Parameters
    ----------
    source
        The microphone.
    hearing
        Gets the captured samples.
    apply
        Called with the outcome of each request: opened, failed, ended.
    ready_for_more
        Waits until the call has processed all samples so far; awaited before each chunk of a source that is not live.
    """

    def __init__(
        self,
        source: AudioSource,
        hearing: Hearing,
        *,
        apply: Callable[[inputs.Input], None],
        ready_for_more: Callable[[], Awaitable[None]],
    ) -> None:
        self._source = source
        self._hearing = hearing
        self._apply = apply
        self._ready_for_more = ready_for_more
        self.microphone: Microphone | None = None
        """The microphone that is open; None while none is."""
        self._claim = Claim()
        self._claimed: list[object] = []
        self._task: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def open(
        self,
        request: int,
        device_id: str | None,
        vad: VAD,
        turn_detector: asyncio.Future[None],
        claims: Sequence[object] = (),
    ) -> None:
        """Begin to open the microphone and to load the models; the outcome carries the number of the request.

        Parameters
        ----------
        request, device_id
            As of `effects.OpenMicrophone`.
        vad
            Loaded in a worker thread meanwhile.
        turn_detector
            Is done when the turn detector is loaded.
        claims
            The detectors that nobody else may use while the microphone is open.
        """
        self.close()
        before = tuple(self._closing)
        self._claim, self._claimed = Claim(), list(claims)
        self._task = asyncio.ensure_future(
            self._run(request, device_id, vad, turn_detector, claim=self._claim, claims=self._claimed, before=before)
        )

    def change_claim(self, former: object | None, detector: object | None) -> None:
        """Claim a detector in place of a former one for as long as the microphone is open; None is no detector.

        Raises
        ------
        DetectorInUseError
            Somebody else uses it; the former one stays claimed.
        """
        if self._task is None:
            return
        if detector is not None:
            self._claim.add(detector)
            self._claimed.append(detector)
        if former is not None and any(claimed is former for claimed in self._claimed):
            self._claimed[:] = [claimed for claimed in self._claimed if claimed is not former]
            self._claim.remove(former)

    def close(self) -> None:
        """Release the microphone, in the background."""
        if self._task is not None:
            self._task.cancel()
            self._closing.add(self._task)
            self._task.add_done_callback(self._closing.discard)
            self._task = None
        self._forget()

    async def closed(self) -> None:
        """Wait until the microphone is released, 2 s at most; a source that takes longer closes in the background."""
        if not self._closing:
            return
        _, stuck = await asyncio.wait(self._closing, timeout=_RELEASE_TIMEOUT_S)
        if stuck:
            _log.warning("the microphone was not released within %g s; it is waited for no longer", _RELEASE_TIMEOUT_S)

    async def _run(
        self,
        request: int,
        device_id: str | None,
        vad: VAD,
        turn_detector: asyncio.Future[None],
        *,
        claim: Claim,
        claims: Sequence[object],
        before: tuple[asyncio.Task[None], ...],
    ) -> None:
        outcome: inputs.MicrophoneFailed | inputs.MicrophoneEnded
        if before and (await asyncio.wait(before, timeout=_RELEASE_TIMEOUT_S))[1]:
            self._apply(inputs.MicrophoneFailed(request, _not_released()))
            return
        try:
            claim.add(*claims)
            try:
                outcome = await self._capture(request, device_id, vad, turn_detector)
            finally:
                self._forget()
                await _shielded(self._release())
        except DetectorInUseError as error:
            outcome = inputs.MicrophoneFailed(request, error)
        finally:
            claim.release()
        self._apply(outcome)

    def _forget(self) -> None:
        self._hearing.end()
        self.microphone = None

    async def _release(self) -> None:
        try:
            await self._source.close()
        except Exception:  # noqa: BLE001 - the border to the user's sources
            _log.exception("the microphone could not be released")

    async def _capture(
        self, request: int, device_id: str | None, vad: VAD, turn_detector: asyncio.Future[None]
    ) -> inputs.MicrophoneFailed | inputs.MicrophoneEnded:
        try:
            await self._open(request, device_id, vad, turn_detector)
        except MicdropError as error:
            return inputs.MicrophoneFailed(request, error)
        except Exception as error:  # noqa: BLE001 - the border to the user's sources and detectors
            _log.exception("the microphone could not be started")
            return inputs.MicrophoneFailed(request, _broken("could not be started", error))
        try:
            await self._forward_frames()
        except MicdropError as error:
            return inputs.MicrophoneEnded(request, error, unplugged=isinstance(error, UnpluggedError))
        except Exception as error:  # noqa: BLE001 - as above
            _log.exception("the microphone failed")
            return inputs.MicrophoneEnded(request, _broken("failed", error))
        return inputs.MicrophoneEnded(request)

    async def _open(self, request: int, device_id: str | None, vad: VAD, turn_detector: asyncio.Future[None]) -> None:
        # A model takes as long to load as a permission prompt to be drawn: both at once, off the loop.
        loading = asyncio.ensure_future(asyncio.to_thread(vad.load))
        # The error is retrieved here too: when `open` fails first, nobody awaits it.
        loading.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            microphone = await self._source.open(device_id)
            await loading
            await asyncio.shield(turn_detector)  # others wait for it too
        finally:
            loading.cancel()
        self.microphone = microphone
        has_pauses = getattr(self._source, "has_pauses", False)
        self._hearing.begin(vad, is_live=self._source.live, has_pauses=has_pauses)
        self._apply(
            inputs.MicrophoneOpened(
                request,
                microphone.device_id,
                microphone.echo_cancellation,
                microphone.mic_devices,
                microphone.speaker_devices,
            )
        )

    async def _forward_frames(self) -> None:
        frames = self._source.frames()
        try:
            async for captured in frames:
                if not self._source.live:
                    await self._ready_for_more()
                if not isinstance(captured, Gap) and (captured.dtype != np.int16 or captured.ndim != 1):
                    found = f"{captured.dtype} of shape {captured.shape}"
                    raise TypeError(f"frames(): expected int16 samples of shape (n,), got {found}")
                self._hearing.add(captured)
        finally:
            if isinstance(frames, AsyncGenerator):
                await frames.aclose()  # its clean-up comes before the release, not whenever it is collected
        self._hearing.finish()


async def _shielded(release: Coroutine[None, None, None]) -> None:
    """Await a release to its end, also when this task is cancelled meanwhile: a microphone is always released."""
    releasing = asyncio.ensure_future(release)
    try:
        await asyncio.shield(releasing)
    except asyncio.CancelledError:
        await releasing
        raise


def _not_released() -> MicdropError:
    return MicdropError(
        MicdropErrorCode.Mic,
        f"The previous microphone was not released within {_RELEASE_TIMEOUT_S:g} s.",
        "Look at the close() of the source=, which hangs.",
        reason="failed",
    )


def _broken(what: str, error: Exception) -> MicdropError:
    return MicdropError(
        MicdropErrorCode.Mic,
        f"The microphone or its voice or turn detection {what} ({type(error).__name__}: {error}).",
        "Look at the traceback in the log, then start again.",
        reason="failed",
    )
