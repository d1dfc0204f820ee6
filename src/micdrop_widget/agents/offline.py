"""Ears and a voice without a network: PocketSphinx and hibari, whose models are in their wheels (extra `agent`)."""

from __future__ import annotations

import contextlib
import re
import tempfile
import threading
import weakref
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm, pcm_to_bytes

__all__ = ["HibariVoice", "PocketsphinxEars", "number_in"]

_MAX_DECODERS = 16
"""How many utterances are transcribed at once, 60 MB each; others wait."""

_NUMBERS = """
<digit> = one | two | three | four | five | six | seven | eight | nine;
<teen> = ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen;
<tens> = twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety;
<number> = zero | <digit> | <teen> | <tens> [ <digit> ] | ( a | one ) hundred;
"""

_SEARCH = "ours"
"""The name of a decoder's grammar or keywords."""

_MAX_GUESSES = 200
"""The best guess that is a whole phrase is among the first ten, if there is one."""

_PUSH_SAMPLES = SAMPLE_RATE // 50
_KEYWORD_THRESHOLD = 1e-20

_ONES, _TEENS, _TENS = (re.findall(r"[a-z]+", rule.partition("=")[2]) for rule in _NUMBERS.split(";")[:3])
_VALUES = {"zero": 0, **{word: value for value, word in enumerate([*_ONES, *_TEENS], 1)}, "hundred": 100}
_VALUES |= {word: 10 * value for value, word in enumerate(_TENS, 2)}


class PocketsphinxEars:
    """English ears by PocketSphinx, which process speech as it arrives. Loaded when made: the first call does not wait.

    Parameters
    ----------
    grammar
        What may be said: a list of phrases, as in `["what time is it", "a timer for <number> seconds"]`, in which
        `[…]` is optional, `( a | b )` a choice, and `<number>` 0 to 100; or a whole grammar in JSGF. What is said is
        recognized as the nearest of them: far more dependable than free speech, and faster.
    keywords
        Words or phrases to listen for; all else is silence. The text is those that were heard, in order.
    otherwise
        The text of an utterance that is none of these; "" is no answer.

    Raises
    ------
    ImportError
        The extra `agent` is not installed.
    ValueError
        Both are given, or PocketSphinx does not know a word of them.
    """

    def __init__(
        self,
        *,
        grammar: str | Sequence[str] | None = None,
        keywords: Sequence[str] | None = None,
        otherwise: str = "",
    ) -> None:
        if grammar is not None and keywords is not None:
            raise ValueError("expected grammar or keywords, not both")
        self._grammar = None if grammar is None else _jsgf(grammar)
        self._keywords = None if keywords is None else _listed(keywords)
        self._otherwise = otherwise
        self._lock = threading.Condition()
        self._idle = [self._make_decoder()]
        self._made = 1

    def __call__(self, utterance: Pcm) -> str:
        """Return what was said in a whole utterance, int16 at 16 kHz."""
        stream = self.open()
        stream.push(utterance)
        return stream.finish()

    def open(self) -> _Stream:
        """Return ears for one utterance; waits while too many are open."""
        with self._lock:
            while not self._idle and self._made >= _MAX_DECODERS:
                self._lock.wait()
            decoder = self._idle.pop() if self._idle else None
            if decoder is None:
                self._made += 1
        if decoder is None:
            try:
                decoder = self._make_decoder()
            except BaseException:
                with self._lock:
                    self._made -= 1
                    self._lock.notify()
                raise
        stream = _Stream(decoder, self._otherwise, has_grammar=self._grammar is not None)
        weakref.finalize(stream, self._give_back, decoder)  # an interruption drops it without `finish`
        return stream

    def _give_back(self, decoder: Any) -> None:  # noqa: ANN401 - PocketSphinx has no types
        with self._lock:
            self._idle.append(decoder)
            self._lock.notify()

    def _make_decoder(self) -> Any:  # noqa: ANN401 - PocketSphinx has no types
        try:
            from pocketsphinx import Decoder  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ImportError("PocketsphinxEars needs PocketSphinx: pip install 'micdrop-widget[agent]'") from error
        if self._grammar is None and self._keywords is None:
            # without the second pass over the utterance, which found nothing better, and took a quarter of a second
            return Decoder(loglevel="FATAL", fwdflat=False)
        decoder = Decoder(lm=None, loglevel="FATAL")
        texts = re.sub(r"<[^>]*>|^#JSGF.*?;|^grammar.*?;|^public", " ", self._grammar or "", flags=re.MULTILINE)
        words = set(re.findall(r"[a-z'][a-z'.-]*", texts)) | set(" ".join(self._keywords or ()).split())
        unknown = sorted(word for word in words if decoder.lookup_word(word) is None)
        if unknown:
            raise ValueError(f"PocketSphinx does not know how these are pronounced: {', '.join(unknown)}")
        if self._grammar is not None:
            decoder.add_jsgf_string(_SEARCH, self._grammar)
        else:
            _add_keywords(decoder, self._keywords or [])
        decoder.activate_search(_SEARCH)
        return decoder


class _Stream:
    """Ears for one utterance."""

    def __init__(self, decoder: Any, otherwise: str, *, has_grammar: bool) -> None:  # noqa: ANN401 - as above
        self._decoder = decoder
        self._has_grammar = has_grammar
        self._otherwise = otherwise
        with contextlib.suppress(RuntimeError):
            decoder.end_utt()  # the utterance before, if it was interrupted
        decoder.start_utt()

    def push(self, pcm: Pcm) -> None:
        """Add samples of the utterance."""
        for start in range(0, len(pcm), _PUSH_SAMPLES):  # PocketSphinx holds the GIL during each call
            self._decoder.process_raw(pcm_to_bytes(pcm[start : start + _PUSH_SAMPLES]))

    def finish(self) -> str:
        """Return what was said."""
        self._decoder.end_utt()
        text = _text(self._decoder.hyp())
        if text and self._has_grammar:
            # the best guess may end in the middle of a phrase: "seven times a", of "a hundred", for "seven times eight"
            phrases = self._decoder.get_fsg(_SEARCH)
            guesses = chain([text], map(_text, islice(self._decoder.nbest(), _MAX_GUESSES)))
            text = next((guess for guess in guesses if guess and phrases.accept(guess)), "")
        return text or self._otherwise


def _text(hypothesis: Any) -> str:  # noqa: ANN401 - PocketSphinx has no types
    return " ".join(hypothesis.hypstr.split()) if hypothesis else ""


class HibariVoice:
    """An English voice by hibari. Loaded when made: the first call does not wait.

    Parameters
    ----------
    speed
        0.5 to 2; 1 is the voice's own pace.

    Raises
    ------
    ImportError
        The extra `agent` is not installed.
    """

    def __init__(self, *, speed: float = 1.0) -> None:
        if not 0.5 <= speed <= 2:
            raise ValueError(f"speed: expected 0.5 to 2, got {speed!r}")
        try:
            from hibari import SAMPLE_RATE, Hibari  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ImportError("HibariVoice needs hibari: pip install 'micdrop-widget[agent]'") from error
        self._rate = int(SAMPLE_RATE)
        self._speak = Hibari()
        self._speed = speed
        self("Ready.")

    def __call__(self, sentence: str) -> tuple[int, NDArray[np.float32]]:
        """Return the sound of a sentence: its rate and samples."""
        return self._rate, np.clip(self._speak(sentence, speed=self._speed), -1, 1)


def number_in(text: str) -> int:
    """Return the number in the words of a text: 21 in "a timer for twenty one seconds"; 0 if there is none."""
    words = text.replace("-", " ").lower().split()
    values = [_VALUES[word] for word in words if word in _VALUES]
    return 100 if 100 in values else sum(values)


def _listed(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str) or not texts:
        raise ValueError(f"expected a list of words or phrases, got {texts!r}")
    return [" ".join(text.lower().split()) for text in texts]


def _jsgf(grammar: str | Sequence[str]) -> str:
    if isinstance(grammar, str):
        if not grammar.lstrip().startswith("#JSGF"):
            raise ValueError("grammar: expected a list of phrases, or a text that begins with #JSGF")
        return grammar
    phrases = " | ".join(f"( {phrase} )" for phrase in _listed(grammar))
    return f"#JSGF V1.0;\ngrammar ours;\n{_NUMBERS}\npublic <said> = {phrases};\n"


def _add_keywords(decoder: Any, keywords: Sequence[str]) -> None:  # noqa: ANN401 - PocketSphinx has no types
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keywords"
        path.write_text("".join(f"{keyword} /{_KEYWORD_THRESHOLD}/\n" for keyword in keywords))
        decoder.add_kws(_SEARCH, str(path))
