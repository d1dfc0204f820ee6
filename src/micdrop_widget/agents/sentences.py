"""Cutting a text that is still being written into sentences, so that the first is heard while the rest comes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["CutSentences", "cut_sentences"]

CutSentences: TypeAlias = Callable[[str, bool], tuple[list[str], str]]
"""Takes a text and whether it is complete; returns its sentences, and the rest that is not a sentence yet."""

_LONG = 240
"""A sentence without an end is cut behind a comma when it is longer than this many characters."""

_END = re.compile(r"[.!?…]+[\"'”’)\]»]*(?=\s)|[。！？]+[」』”]*|\n+")
_SOFT_END = re.compile(r"[,;:—–]\s")
_TITLES = frozenset(
    ("dr", "mr", "mrs", "ms", "prof", "st", "gen", "col", "lt", "capt", "sgt", "rev", "hon")
) | frozenset(("vs", "no", "nos", "fig", "vol", "pp", "ca", "approx", "dept", "est", "e.g", "i.e"))
"""Words whose full stop ends no sentence."""
_MAY_END = frozenset(("etc", "inc", "ltd", "co", "jr", "sr", "a.m", "p.m", "u.s", "u.k"))
"""Words whose full stop ends a sentence if a capital letter follows."""


def cut_sentences(text: str, complete: bool) -> tuple[list[str], str]:
    """Cut a text into sentences.

    Parameters
    ----------
    text
        What was written and not yet spoken.
    complete
        Whether nothing follows.

    Returns
    -------
    sentences, rest
        The sentences that are whole, without the blanks around them, and the text behind them; "" when it is complete.
    """
    sentences = []
    begin = 0
    for end in _END.finditer(text):
        if _ends_sentence(text, begin, end):
            sentences.append(text[begin : end.end()])
            begin = end.end()
    while len(text) - begin > _LONG and (soft := _last_soft_end(text, begin)):
        sentences.append(text[begin:soft])
        begin = soft
    if complete:
        sentences.append(text[begin:])
        begin = len(text)
    return [whole for sentence in sentences if any(map(str.isalnum, whole := sentence.strip()))], text[begin:]


def _ends_sentence(text: str, begin: int, end: re.Match[str]) -> bool:
    mark = end.group()
    if mark[0] != ".":
        return True
    word = text[begin : end.start()].rpartition(" ")[2].lower().lstrip("\"'“‘([")
    following = text[end.end() :].lstrip()
    if mark.startswith("..") and following[:1].islower():
        return False  # a pause, not an end
    if word in _MAY_END:
        return following[:1].isupper()
    if len(word) == 1 and word.isalpha() and word != "i":
        return False  # an initial
    if word.isdecimal() and text[begin : end.start()].strip() == word:
        return False  # the number of an item
    return word not in _TITLES


def _last_soft_end(text: str, begin: int) -> int | None:
    ends = [end.end() for end in _SOFT_END.finditer(text, begin, begin + _LONG)]
    if ends:
        return ends[-1]
    blank = text.rfind(" ", begin + 1, begin + _LONG)
    return None if blank < 0 else blank + 1
