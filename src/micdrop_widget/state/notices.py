"""What is not as it should be in a call that goes on: shown in the panel, and part of the state while it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["NOTICES", "Notice", "NoticeCode"]


class NoticeCode(str, Enum):
    """What a notice is about."""

    SilentMicrophone = "SilentMicrophone"
    """The microphone gives nothing but exact zeros."""
    NoAnswer = "NoAnswer"
    """The server did not answer in time."""
    NoAnswerAudio = "NoAnswerAudio"
    """The server's text came without audio."""
    SilentSpeaker = "SilentSpeaker"
    """The loudspeaker does not report that it plays."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is not as it should be, and what can be done; gone when it is over."""

    code: NoticeCode
    message: str
    remedy: str


NOTICES: dict[NoticeCode, Notice] = {
    notice.code: notice
    for notice in (
        Notice(
            NoticeCode.SilentMicrophone,
            "The microphone gives no sound:",
            "is it switched off at the headset, or is it the wrong one?",
        ),
        Notice(
            NoticeCode.NoAnswer,
            "The server has not answered; the call listens again.",
            "Say it once more, or look at the server's log.",
        ),
        Notice(
            NoticeCode.NoAnswerAudio,
            "The answer came as text, without audio; the call listens again.",
            "Look at the server's text-to-speech.",
        ),
        Notice(
            NoticeCode.SilentSpeaker,
            "The answer has arrived, but the loudspeaker does not report that it plays.",
            "Is the page still there, and may it play sound?",
        ),
    )
}
"""One for each code: none holds anything private."""
