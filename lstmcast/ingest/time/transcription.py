"""Transcription: a stamp with letters and signs beyond ASCII as one in ASCII that means the same."""

from __future__ import annotations

import re
import unicodedata

from lstmcast.ingest.text.calendar_words import HALVES
from lstmcast.ingest.text.layouts import MONTHS, QUARTER_WORDS

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("年년月월日일分분秒초号", " "),
        **dict.fromkeys("时時시点", ":"),
        **dict.fromkeys("–—−‐‑", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "),
        **dict.fromkeys("\u200e\u200f\u200b\ufeff", ""),
        "’": "'",
        "：": ":",
    }
)
_ENGLISH = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ANY_QUARTER = "|".join(sorted((word for word in QUARTER_WORDS if not word.isascii()), key=len, reverse=True))
_QUARTER = re.compile(rf"(?<![^\W\d_])(?:{_ANY_QUARTER})(?![^\W\d_])", re.IGNORECASE)
_YEAR_OR_MONTH = re.compile(r"[年년月월]\s*(?=\d)")
_WORD = re.compile(r"[^\W\d_]+")
_HALF = "|".join(re.escape(word).replace(r"\.", r"\.?\s?") for word in sorted(HALVES, key=len, reverse=True))
_BEFORE = re.compile(rf"({_HALF})\s*(\d{{1,2}}(?:[:.]\d\d){{0,2}})")
_BEHIND = re.compile(_HALF)
_PM = {word.replace(".", "") for word, half in HALVES.items() if half == "pm"}


def in_ascii(stamp: str) -> str:
    """The stamp without accents, names of months and halves of the day in English, other words left out."""
    if stamp.isascii():
        return stamp
    plain = _YEAR_OR_MONTH.sub("-", _QUARTER.sub("q", stamp)).translate(_SIGNS)
    if not plain.isascii():
        folded = unicodedata.normalize("NFKD", plain.casefold()).replace("ı", "i")
        folded = "".join(letter for letter in folded if not unicodedata.combining(letter))
        folded = _BEFORE.sub(lambda match: f"{match[2]} {_half(match[1])}", folded)
        folded = _BEHIND.sub(lambda match: _half(match[0]), folded)
        plain = _WORD.sub(_english, folded)
    plain = re.sub(r"(?:\s+[.,])+(?=\s|$)", "", re.sub(r"\s+", " ", plain)).strip(" -,")
    return plain.encode("ascii", "ignore").decode().rstrip(": ")


def _half(word: str) -> str:
    return "pm" if re.sub(r"[.\s]", "", word) in _PM else "am"


def _english(match: re.Match[str]) -> str:
    """A word of ASCII as it is, the name of a month in English, no other."""
    word = match[0]
    if word.isascii():
        return word
    return _ENGLISH[MONTHS[word] - 1] if word in MONTHS else ""
