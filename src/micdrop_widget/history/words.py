"""Word error rates: the understood words against the spoken ones, by jiwer. The only module that knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from micdrop_widget.errors import MicdropErrorCode, MissingPackageError

__all__ = ["WordErrors", "wer", "word_errors"]


@dataclass(frozen=True, slots=True)
class WordErrors:
    """How what was understood differs from what was said, in words."""

    rate: float
    """Word error rate of all turns together: errors by words that were said. More than 1 when much was invented."""
    per_turn: tuple[float | None, ...]
    """That of each turn of the user, in order; None where it is not known what was said."""
    reference_words: int
    """Words that were said."""
    substitutions: int
    """Words understood as others."""
    deletions: int
    """Words that were not understood."""
    insertions: int
    """Words that nobody said."""


def wer(reference: str | Sequence[str], hypothesis: str | Sequence[str]) -> float:
    """Return the word error rate: the words to substitute, delete and insert, by the words that were said.

    Lower and upper case, punctuation and spaces make no difference; numerals and contractions do. Needs jiwer:
    `pip install "micdrop-widget[analysis]"`.

    Parameters
    ----------
    reference
        What was said: a text, or several.
    hypothesis
        What was understood: as many. The rate is that of all of them together.

    Raises
    ------
    ValueError
        There are not as many of the one as of the other, or none.
    MissingPackageError
        jiwer is not installed.
    """
    references, hypotheses = _listed(reference), _listed(hypothesis)
    if len(references) != len(hypotheses):
        raise ValueError(f"wer: expected as many references as hypotheses, got {len(references)} and {len(hypotheses)}")
    return word_errors(references, hypotheses).rate


def word_errors(references: Sequence[str | None], hypotheses: Sequence[str]) -> WordErrors:
    """Return the errors of texts pair by pair, as many of both, and in all; a reference of None is left out.

    Raises
    ------
    ValueError
        There is no reference.
    MissingPackageError
        jiwer is not installed.
    """
    jiwer = _jiwer()
    plain = jiwer.Compose(
        [
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
            jiwer.ReduceToListOfListOfWords(),
        ]
    )
    rules = {"reference_transform": plain, "hypothesis_transform": plain}
    pairs = [(said, understood) for said, understood in zip(references, hypotheses, strict=True) if said is not None]
    if not pairs:
        raise ValueError("wer: expected at least one reference, got none")
    of_all = jiwer.process_words([said for said, _ in pairs], [understood for _, understood in pairs], **rules)
    return WordErrors(
        rate=float(of_all.wer),
        per_turn=tuple(
            None if said is None else float(jiwer.process_words(said, understood, **rules).wer)
            for said, understood in zip(references, hypotheses, strict=True)
        ),
        reference_words=of_all.hits + of_all.substitutions + of_all.deletions,
        substitutions=of_all.substitutions,
        deletions=of_all.deletions,
        insertions=of_all.insertions,
    )


def _listed(texts: str | Sequence[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


def _jiwer() -> ModuleType:
    try:
        import jiwer  # noqa: PLC0415 - it loads where it is used
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            MicdropErrorCode.Unknown,
            "Word error rates need jiwer, which is not installed.",
            'Run: pip install "micdrop-widget[analysis]"',
        ) from error
    module: ModuleType = jiwer
    return module
