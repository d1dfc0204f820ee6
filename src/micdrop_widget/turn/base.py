"""The interface of a turn detector: the audio of a turn in, whether it is complete out."""

from __future__ import annotations

from abc import ABC, abstractmethod

from micdrop_widget._settings import Configurable
from micdrop_widget.audio import Pcm

__all__ = ["TurnDetector"]


class TurnDetector(Configurable, ABC):
    """Distinguishes the end of a turn from a pause in it.

    Subclass it and implement `push`, `predict` and `reset` for a detector of your own. It is used by one call at a
    time; a second call that is given it meanwhile does not start, and says so. `push` and `reset` are called on the
    call's event loop and must be quick; `load` and `predict` may be slow and are called in a worker thread. No two
    methods are ever called at once.
    """

    threshold: float = 0.5
    """Probability above which a turn is complete."""

    def load(self) -> None:
        """Load what takes long to load (a model), off the event loop.

        Called before the first turn, and again whenever a microphone is opened: what is loaded stays loaded.
        """

    @abstractmethod
    def push(self, pcm: Pcm) -> None:
        """Process the next samples of the turn, from the pre-roll on, pauses included.

        Parameters
        ----------
        pcm
            Shape (n,), int16, 16 kHz. Not to be changed.
        """

    @abstractmethod
    def predict(self) -> float | bool:
        """Return whether the turn so far is complete; asked when the user has stopped speaking.

        Returns
        -------
        float or bool
            The probability in [0, 1] that it is complete, compared with `threshold`, or the decision itself.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget all audio: the next samples are the first of a new turn."""

    def is_complete(self) -> bool:
        """Ask for a prediction and decide.

        Raises
        ------
        TypeError
            `predict` returned neither a number nor a bool.
        """
        prediction = self.predict()
        if isinstance(prediction, bool):
            return prediction
        try:
            return float(prediction) > self.threshold
        except (TypeError, ValueError):
            raise TypeError(
                f"{type(self).__name__}.predict(): expected a probability or a bool, got {prediction!r}"
            ) from None
