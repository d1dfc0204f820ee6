"""The turns of a call: one row each, with all its times, and the quantities computed from them.

Every quantity has one definition, that of docs/measures.md. Times are milliseconds since `start()` on one clock that
never goes back, in steps of a sixteenth: one sample. So differences add up exactly, and a time is a position on the
recording's time line as well. What did not happen is None: no time is ever taken from another turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, overload

from micdrop_widget._extras import extra_needed
from micdrop_widget.audio import samples_to_ms
from micdrop_widget.history.pictures import Theme, load_pictures
from micdrop_widget.history.turns_html import turns_html
from micdrop_widget.history.words import WordErrors, word_errors

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ToolUse", "Turn", "TurnKind", "Turns", "Verdict"]

TurnKind: TypeAlias = Literal["user", "greeting", "unprompted"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of the turn detector when the user fell silent."""

    at_ms: float
    """When it decided."""
    complete: bool
    """The turn was over."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the assistant called within a turn."""

    name: str
    called_ms: float
    """When the server's message of the call arrived."""
    returned_ms: float | None = None
    """When the server's message of the result arrived."""

    @property
    def duration_ms(self) -> float | None:
        """From the call to its result, as the client saw them."""
        return None if self.returned_ms is None else self.returned_ms - self.called_ms


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the user and the answer to it; or an answer to nothing: a greeting, or an unprompted one.

    Anchors are milliseconds since `start()`, in the order in which they stand; None is what did not happen, or not
    yet. *Voiced* is what is heard as sound, by its level; samples of the user count by when they were captured, those
    of the assistant by when they left the loudspeaker.
    """

    kind: TurnKind = "user"
    """`"user"`; `"greeting"`, the first answer, with no speech before it; `"unprompted"`, a later answer to nothing."""

    speech_start_ms: float | None = None
    """First voiced sound of the user's turn."""
    confirmed_ms: float | None = None
    """StartSpeaking was sent."""
    speech_end_ms: float | None = None
    """End of the last voiced sound of the turn; pauses that the turn detector held are inside."""
    stopped_ms: float | None = None
    """StopSpeaking was sent: the turn is over for the server."""
    user_message_ms: float | None = None
    """The server's user `Message` for this turn arrived."""
    first_audio_ms: float | None = None
    """The first audio of the answer arrived."""
    heard_ms: float | None = None
    """The first sample of the answer left the loudspeaker."""
    voiced_ms: float | None = None
    """The first voiced sound of the answer left the loudspeaker."""
    assistant_message_ms: float | None = None
    """The answer's settled text arrived; may be after it is heard."""
    answer_end_ms: float | None = None
    """The last sample of the answer was heard, or was cut."""

    user_text: str | None = None
    """What the server understood."""
    assistant_text: str | None = None
    """What the assistant said, as the server wrote it."""
    tools: tuple[ToolUse, ...] = ()
    """The tools that were called for the answer."""
    verdicts: tuple[Verdict, ...] = ()
    """The decisions of the turn detector, one each time the user fell silent."""

    answer_heard_ms: float | None = None
    """How much of the answer's audio was heard, in milliseconds."""
    answer_received_ms: float | None = None
    """How much of the answer's audio arrived, in milliseconds."""
    interrupted: bool = False
    """The user's confirmed speech cut the answer."""
    interruption_start_ms: float | None = None
    """First voiced sound of the speech that cut the answer."""
    false_interruption: bool = False
    """The answer was cut by something that was no speech for the server: an empty transcript, a cancelled message."""
    skipped: bool = False
    """The server sent that there is no answer."""
    cancelled: bool = False
    """The server took the user's message back."""
    underruns: int = 0
    """How often the answer paused because its audio came too late."""
    holds: int = 0
    """How often the microphone gave nothing within the turn."""

    start_sample: int = 0
    """First sample of the utterance, the pre-roll included; samples of the microphone, counted since it was opened."""
    confirmed_sample: int = 0
    """Samples captured when speech was confirmed, counted in the same way."""
    end_sample: int | None = None
    """Samples captured when the utterance was over, counted in the same way."""

    stage_times_ms: Mapping[str, float] | None = None
    """How long after the end of the turn each stage of the answer ended, as `MicdropServer` measured it: `stt`,
    `first_text`, `first_sentence`, `first_audio`, `end`; None with other servers."""

    @property
    def reply_latency_ms(self) -> float | None:
        """What a person feels: from the end of the last voiced sound to the first voiced sound of the answer.

        Negative when the answer began before the user had ended.
        """
        return _between(self.speech_end_ms, self.voiced_ms)

    @property
    def endpointing_ms(self) -> float | None:
        """The silence until the turn was over, turn detection included: a part of the reply latency."""
        return _between(self.speech_end_ms, self.stopped_ms)

    @property
    def server_ms(self) -> float | None:
        """From StopSpeaking to the first audio of the answer: a part of the reply latency."""
        return _between(self.stopped_ms, self.first_audio_ms)

    @property
    def playout_ms(self) -> float | None:
        """From the first audio to the first sample that is heard: a part of the reply latency."""
        return _between(self.first_audio_ms, self.heard_ms)

    @property
    def lead_in_ms(self) -> float | None:
        """Silence at the head of the answer: a part of the reply latency."""
        return _between(self.heard_ms, self.voiced_ms)

    @property
    def transcription_ms(self) -> float | None:
        """From StopSpeaking to the server's user message."""
        return _between(self.stopped_ms, self.user_message_ms)

    @property
    def answer_latency_ms(self) -> float | None:
        """From StopSpeaking to the first sample heard. It leaves the user's wait out; see `reply_latency_ms`."""
        return _between(self.stopped_ms, self.heard_ms)

    @property
    def utterance_ms(self) -> float | None:
        """Length of what was sent, pre-roll and silence included."""
        return None if self.end_sample is None else samples_to_ms(self.end_sample - self.start_sample)

    @property
    def speech_ms(self) -> float | None:
        """From the first to the last voiced sound of the user."""
        return _between(self.speech_start_ms, self.speech_end_ms)

    @property
    def yield_ms(self) -> float | None:
        """From the first voiced sound of the speech that cut the answer to silence at the loudspeaker."""
        return _between(self.interruption_start_ms, self.answer_end_ms) if self.interrupted else None

    @property
    def stt_ms(self) -> float | None:
        """From StopSpeaking to the transcript, on the server; None where the server does not send it."""
        return self._stage("stt")

    @property
    def agent_first_text_ms(self) -> float | None:
        """From StopSpeaking to the agent's first text, on the server; None where the server does not send it."""
        return self._stage("first_text")

    @property
    def tts_first_audio_ms(self) -> float | None:
        """From StopSpeaking to the voice's first audio, on the server; None where the server does not send it."""
        return self._stage("first_audio")

    def _stage(self, name: str) -> float | None:
        return None if self.stage_times_ms is None else self.stage_times_ms.get(name)

    @property
    def heard_text(self) -> str | None:
        """The part of `assistant_text` that was heard, to the nearest word, by the share of the audio: an estimate."""
        if self.assistant_text is None or self.answer_heard_ms is None:
            return None
        if not self.interrupted or not self.answer_received_ms or self.answer_heard_ms >= self.answer_received_ms:
            return self.assistant_text
        length = round(len(self.assistant_text) * self.answer_heard_ms / self.answer_received_ms)
        return (
            self.assistant_text[:length].rpartition(" ")[0]
            if length < len(self.assistant_text)
            else self.assistant_text
        )


def _between(start_ms: float | None, end_ms: float | None) -> float | None:
    return None if start_ms is None or end_ms is None else end_ms - start_ms


class Turns(Sequence[Turn]):
    """The turns of a call, in order: a sequence that shows itself as a table."""

    def __init__(self, turns: Sequence[Turn] = ()) -> None:
        self._turns = tuple(turns)

    def __len__(self) -> int:
        return len(self._turns)

    def __iter__(self) -> Iterator[Turn]:
        return iter(self._turns)

    @overload
    def __getitem__(self, index: int) -> Turn: ...

    @overload
    def __getitem__(self, index: slice) -> Turns: ...

    def __getitem__(self, index: int | slice) -> Turn | Turns:
        return Turns(self._turns[index]) if isinstance(index, slice) else self._turns[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Turns):
            return self._turns == other._turns
        return list(self._turns) == other if isinstance(other, list) else self._turns == other

    def __hash__(self) -> int:
        return hash(self._turns)

    def __repr__(self) -> str:
        return f"<Turns: {len(self)}>" if self else "<Turns: none yet>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per turn: every anchor and derived value, with its unit in the name of its column.

        The columns and their dtypes are the same when there are no turns yet. Needs pandas: `pip install
        "micdrop-widget[analysis]"`.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        with extra_needed("analysis", "pandas", "Tables"):
            from micdrop_widget.history.table import turns_frame  # noqa: PLC0415 - pandas loads where it is used

        return turns_frame(self)

    def plot(self, ax: Axes | None = None, *, theme: Theme = "light") -> Figure:
        """Draw the parts of each reply latency on one another, with p50, p95, and the 200 ms that people take.

        `micdrop_widget.analysis.plot_latencies` compares several calls.

        Parameters
        ----------
        ax
            Where to draw; by default a figure of its own, 8 inches wide.
        theme
            `"light"`, `"dark"`, or `"print"`, which needs no colours.

        Returns
        -------
        matplotlib.figure.Figure
            It shows itself in a cell, with an alt text (`figure.alt_text`). Needs the extra `analysis`. A p95 is drawn
            of 20 turns and more.

        Raises
        ------
        ValueError
            There is no such theme.
        MissingPackageError
            matplotlib is not installed.
        """
        return load_pictures().draw_turns(self, ax, theme)

    def wer(self, references: Sequence[str | None]) -> WordErrors:
        """Compare what the server understood with what was said, word by word; see `micdrop_widget.wer`.

        Parameters
        ----------
        references
            What was said in each turn of the user, in order, those that are not known as None. A turn of which no
            text came counts as understood as nothing.

        Raises
        ------
        ValueError
            There are not as many as turns of the user, or none that is known.
        MissingPackageError
            jiwer is not installed: `pip install "micdrop-widget[analysis]"`.
        """
        understood = [turn.user_text or "" for turn in self if turn.kind == "user"]
        if len(references) != len(understood):
            raise ValueError(f"wer: expected a reference for each of {len(understood)} turns, got {len(references)}")
        return word_errors(references, understood)

    def _repr_html_(self) -> str:
        return turns_html(self)
