"""Numerals: how people write a number in a cell, and what it is under a decimal point or a decimal comma."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

SIGNS = (".", ",")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EXPONENT = r"(?:[eE][+-]?\d+)?"
# A group of thousands follows one to three digits, of which the first is no zero: 0.278 has three decimals. India
# counts in lakhs, 12,34,567, which no decimal sign could explain.
_POINT = re.compile(
    r"(?=\.?\d)(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d\d)+,\d{3}|\d{1,3}(?:[ '’]\d{3})+|\d+)?(?:\.\d*)?"
    + _EXPONENT
)
_COMMA = re.compile(r"(?=,?\d)(?:[1-9]\d{0,2}(?:\.\d{3})+|\d{1,3}(?:[ '’]\d{3})+|\d+)?(?:,\d*)?" + _EXPONENT)
_GROUPS = {".": re.compile("[, '’]"), ",": re.compile("[. '’]")}
_BLANKS = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "−": "-", "–": "-", "＋": "+"}
)

_DIGITS = r"(?:\d[\d .,'’]*[\d.,]|\d|[.,]\d+)(?:[eE][+-]?\d+)?"
_BEFORE = r"(?:[^\W\d_]{1,10}[.]?[=:]?)?|[^\W\d_]{0,3}\s*[$€£¥₤₩₪₫₱₴₹₺₽₿¢]|[^\W\d_]{0,10} ?[=:]"
_UNIT = r"[^\W\d_%‰°$€£¥₤₩₪₫₱₴₹₺₽₿¢\"'/][^\s,;]*|[%‰°$€£¥₤₩₪₫₱₴₹₺₽₿¢\"'/][^\s\d,;]*(?:/[^\s,;]+)?"
_SHAPE = re.compile(
    rf"(?P<open>\()?\s*(?P<first>[+-])?\s*(?P<prefix>{_BEFORE})\s*(?P<second>[+-])?\s*(?P<inner>\()?\s*"
    rf"(?P<digits>{_DIGITS})(?P<shut>\s*\))?\s*(?P<last>-)?\s*"
    rf"(?P<suffix>(?:{_UNIT})(?:\s(?:{_UNIT}))?)?\s*(?P<close>\))?(?P<end>-)?"
)
_CURRENCIES = _words(
    "aed ars aud bgn brl cad chf clp cny cop czk dkk egp eur gbp hkd huf idr ils inr isk jpy kes krw kzt lei mad mxn "
    "myr ngn nok nzd pen php pkr pln qar ron rsd rub sar sek sgd thb try twd uah usd vnd zar kr kč zł rs rs. fr. sfr. "
    "ft r$ лв руб"
)
_MONEY = frozenset("$€£¥₤₩₪₫₱₴₹₺₽₿¢")
_MULTIPLIERS = _words("k K M B G T Mio Mio. Mrd Mrd. Tsd Tsd. mn m bn tn lakh crore million billion")
_LONGEST, _WIDEST = 24, 80  # letters of an affix, and of a cell that may be a number
_CONSTANT = 0.75  # share of the cells with an affix that must have the same one

Affix = tuple[str, str]
BARE: Affix = ("", "")


@dataclass(frozen=True)
class Numeral:
    """A cell that is a number: its digits as written, its sign, and what stands before and after them."""

    digits: str
    is_negative: bool = False
    affix: Affix = BARE

    def value(self, decimal: str) -> float | None:
        """The number under a decimal sign; None where it cannot be written so."""
        if not (_POINT if decimal == "." else _COMMA).fullmatch(self.digits):
            return None
        number = float(_GROUPS[decimal].sub("", self.digits).replace(",", "."))
        return -number if self.is_negative else number

    def is_grouped(self, decimal: str) -> bool:
        """Return whether signs stand between its thousands."""
        return bool(_GROUPS[decimal].search(self.digits))


def numeral(cell: str) -> Numeral | None:
    """The number that a cell writes; None for a cell that writes none under any decimal sign.

    (59) and 59- are negative; what stands around the digits is the affix: a currency, a per cent sign, a unit.
    """
    text = cell.strip().translate(_BLANKS)
    if len(text) > _WIDEST:
        return None
    match = _SHAPE.fullmatch(text)
    if match is None or not (_POINT.fullmatch(match["digits"]) or _COMMA.fullmatch(match["digits"])):
        return None
    signs = [match[name] for name in ("first", "second", "last", "end") if match[name]]
    in_brackets = _brackets(match)
    affix = match["prefix"].strip(), (match["suffix"] or "").strip()
    if in_brackets is None or len(signs) + in_brackets > 1 or max(map(len, affix)) > _LONGEST:
        return None
    return Numeral(match["digits"], in_brackets or signs == ["-"], affix)


def _brackets(match: re.Match[str]) -> bool | None:
    """Return whether the number stands in brackets; None where they do not match."""
    opened, shut = (
        sum(bool(match[name]) for name in names) for names in (("open", "inner"), ("shut", "close"))
    )
    return bool(opened) if opened == shut <= 1 else None


def affix_text(affix: Affix) -> str:
    """An affix as messages name it."""
    return " … ".join(part for part in affix if part)


def common_affix(numerals: Iterable[Numeral]) -> Affix | None:
    """The affix of a column: bare where most cells are, None where they have none in common.

    Letters before the digits are a code (`A1`, `zone 3`), not a unit, unless they are a currency or some number has
    a fraction.
    """
    found = list(numerals)
    affixed = Counter(each.affix for each in found if each.affix != BARE)
    if 2 * affixed.total() < len(found) or not affixed:
        return BARE
    affix, often = affixed.most_common(1)[0]
    if often < _CONSTANT * affixed.total():
        return None
    has_fraction = any(re.search(r"[.,]\d", each.digits) for each in found)
    return affix if has_fraction or not affix[0] or is_currency(affix[0]) else None


def is_currency(word: str) -> bool:
    """True for a sign of money or the short name of a currency."""
    return bool(_MONEY & set(word)) or word.lower() in _CURRENCIES


def takes_bare(affix: Affix) -> bool:
    """Return whether a number without this affix has the same unit: 5 among per cents may have another."""
    return affix[1] not in ("%", "‰") and affix[1] not in _MULTIPLIERS
