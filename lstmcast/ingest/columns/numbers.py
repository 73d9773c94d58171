"""A column of numbers, collected chunk by chunk from cells of text, however people wrote them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcast.ingest.columns import coded
from lstmcast.ingest.columns.distinct import Distinct, distinct
from lstmcast.ingest.columns.numerals import (
    BARE,
    SIGNS,
    Affix,
    Numeral,
    affix_text,
    common_affix,
    is_currency,
    numeral,
    takes_bare,
)
from lstmcast.ingest.columns.odd import OddCells
from lstmcast.ingest.columns.signs import OpenCells, open_points
from lstmcast.ingest.columns.words import PLAIN, means_missing
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.cells import Cells, is_equal, is_numeric, shown
from lstmcast.ingest.text.context import ReadContext

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
_BOOLEANS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
_BEGINS = np.isin(
    np.arange(256), np.frombuffer(b"0123456789+-.", np.uint8)
)  # how a number of Python's begins


@dataclass(eq=False)
class NumberColumn:
    """Collects the chunks of a column of numbers; the first chunk that tells decides the decimal sign and the affix.

    affix: what stands around every number, such as a unit, as soon as some cell shows it; None until then.
    """

    name: str
    context: ReadContext
    decimal: str | None = None
    affix: Affix | None = None
    _odd: OddCells = field(init=False)
    _sentinels: tuple[float, ...] = ()
    _pieces: list[Numbers] = field(default_factory=list)
    _open: OpenCells = field(default_factory=OpenCells)
    _code: coded.Code | None = None
    _words: dict[str, int] = field(
        default_factory=dict
    )  # words that mean missing by themselves, how often each
    _firsts: dict[str, tuple[int, str]] = field(default_factory=dict)  # (line, cell) of the first of a kind

    def __post_init__(self) -> None:
        self.decimal = self.context.rules.decimal
        self._sentinels = numbers_among(self.context.rules.missing)
        self._odd = OddCells(self.name, self.context)

    def add(self, cells: Cells, lines: Lines) -> None:
        """Take a chunk; raises DataError with the line of the first cell that is no finite number, where that shows
        already."""
        numbers = self._without_sentinels(self._numbers(cells, lines))
        infinite = np.flatnonzero(np.isinf(numbers))
        if infinite.size:
            row = infinite[0]
            found = f"expected a finite number, found {shown(cells[row])!r}"
            message = f"{found}; leave the cell empty if it is unknown"
            raise self.context.cell_refusal(lines[row], self.name, message)
        if self.decimal is None:
            self._open.follow(len(self._pieces) + 1)
        self._pieces.append(numbers)

    @property
    def is_open(self) -> bool:
        """True where nothing in the column tells a decimal point from a decimal comma, and it matters."""
        return self.decimal is None and self._open.is_any

    def finish(self, sign: str | None = None, *, is_continental: bool = False) -> Numbers:
        """(n,) all numbers, NaN where missing.

        sign: the decimal sign that the file's other columns show; is_continental: whether the file is written as
        where thousands have points. Raises DataError for cells that are no numbers, and when `1,234` or `1.234` could
        mean two numbers.
        """
        if self._odd.lines:
            raise self._odd.refusal()
        if self.is_open and sign is not None and not self._open.looks_grouped(sign, self._pieces):
            self._follow(sign)
        elif self.is_open:
            self._settle(is_continental)
        if self.decimal == ",":
            self._pieces = self._open.as_commas(self._pieces)
        self._say()
        pieces, self._pieces = self._pieces, []
        return np.concatenate(pieces)

    # --- a chunk of plain numbers

    def _numbers(self, cells: Cells, lines: Lines) -> Numbers:
        if is_numeric(cells):
            return cells.astype(np.float64)
        numbers = None
        if self._code is None:
            numbers = self._with_commas(cells) if self.decimal == "," else self._floats(cells)
        if numbers is None:
            return self._written(distinct(cells), lines)
        if self.decimal is None:
            self._note_points(cells, ~np.isnan(numbers), lines)
        return numbers

    def _floats(self, cells: Cells) -> Numbers | None:
        """Return cells as Python reads them, NaN where one means missing; None where some cell is neither."""
        numbers: Numbers | None
        try:
            numbers = cells.astype(np.float64)
        except ValueError:
            numbers = self._among_words(cells)
        if numbers is None or _has_underscore(cells):
            return None
        for word in self.context.rules.missing:
            numbers[is_equal(cells, word)] = np.nan
        return numbers

    def _among_words(self, cells: Cells) -> Numbers | None:
        """Return the numbers among words that mean missing, which are NaN; None where a cell is neither."""
        is_word = _begins_as_none(cells)
        words, counts = np.unique(cells[is_word], return_counts=True)
        texts = [shown(word).strip() for word in words]
        if not all(means_missing(text, self.context.rules.missing) for text in texts):
            return None
        numbers = np.full(len(cells), np.nan)
        try:
            numbers[~is_word] = cells[~is_word].astype(np.float64)
        except ValueError:
            return None
        self._count_words(texts, counts.tolist())
        return numbers

    def _with_commas(self, cells: Cells) -> Numbers | None:
        """The numbers of cells with decimal commas and nothing else out of the ordinary; else None."""
        if cells.dtype.kind != "S":
            return None
        characters = np.ascontiguousarray(cells).view(np.uint8).copy()
        commas = characters == ord(",")
        if (characters == ord(".")).any() or (commas.any() and "decimal_comma" not in self._firsts):
            return None
        characters[commas] = ord(".")
        return self._floats(characters.view(cells.dtype))

    def _note_points(self, cells: Cells, is_known: Mask, lines: Lines) -> None:
        """Note whether the points of a chunk are decimal points for sure, or may stand between thousands."""
        points = open_points(cells[is_known])
        if points is None:
            self.decimal = "."
            return
        marks = np.zeros(len(cells), dtype=bool)
        marks[is_known] = points
        self._open.note(np.zeros(len(cells), dtype=bool), marks, cells, lines)

    # --- a chunk as people write numbers

    def _written(self, found: Distinct, lines: Lines) -> Numbers:
        """The numbers of cells with units, brackets, commas, thousands separators, words, or truth values."""
        missing = [means_missing(text, self.context.rules.missing) for text in found.texts]
        present = [text for text, is_missing in zip(found.texts, missing, strict=True) if not is_missing]
        words = np.flatnonzero(missing)
        self._count_words([found.texts[i] for i in words], found.counts[words].tolist())
        if all(text.lower() in _BOOLEANS for text in present):
            self._firsts.setdefault("boolean", (int(lines[0]), ""))
            return np.array([_BOOLEANS.get(text.lower(), math.nan) for text in found.texts])[found.codes]
        if not self._pieces and self.context.rules.decimal is None:
            self._code = coded.find_code(present)
        if self._code is not None:
            return self._decoded(found, missing, lines)
        return self._as_numerals(found, missing, lines)

    def _decoded(self, found: Distinct, missing: Sequence[bool], lines: Lines) -> Numbers:
        """The numbers behind the code that every cell so far is written in."""
        assert self._code is not None
        values = np.full(len(found.texts), np.nan)
        for place in np.flatnonzero(~np.array(missing)):
            text, line = found.texts[place], int(lines[found.firsts[place]])
            value = self._code.value(text)
            if value is None:
                self._odd.note(text, line, int(found.counts[place]), "among coded values")
            else:
                self._firsts.setdefault("coded", (line, text))
                values[place] = value
        return values[found.codes]

    def _as_numerals(self, found: Distinct, missing: Sequence[bool], lines: Lines) -> Numbers:
        numerals = [None if gone else numeral(text) for text, gone in zip(found.texts, missing, strict=True)]
        if self.affix is None:
            self._decide_affix([each for each in numerals if each is not None])
        values = np.full((len(SIGNS), len(found.texts)), np.nan)
        for place in np.flatnonzero(~np.array(missing)):
            number, text = numerals[place], found.texts[place]
            reason = "" if number is None else self._misfit(number)
            if number is None or reason is not None:
                self._odd.note(text, int(lines[found.firsts[place]]), int(found.counts[place]), reason or "")
            else:
                values[:, place] = [_or_nan(number.value(sign)) for sign in SIGNS]
        return self._under_a_sign(values, numerals, found, lines)

    def _decide_affix(self, numerals: Sequence[Numeral]) -> None:
        """The affix that the numbers have in common; where earlier chunks had none, none."""
        if all(each.affix == BARE for each in numerals):
            return
        self.affix = BARE if self._pieces else common_affix(numerals) or BARE

    def _misfit(self, number: Numeral) -> str | None:
        """Return why a number is none of this column, in words that follow the cell; None where it is one."""
        affix = self.affix or BARE
        if number.affix == affix:
            return None
        if number.affix == BARE:
            is_same = takes_bare(affix) or number.value(".") == 0
            return None if is_same else f"without the {affix_text(affix)!r} of the other cells"
        if affix != BARE:
            return f"where other cells have {affix_text(affix)!r}"
        return (
            "" if number.affix[0] and not is_currency(number.affix[0]) else "where other cells have no unit"
        )

    def _under_a_sign(
        self, values: NDArray[np.float64], numerals: Sequence[Numeral | None], found: Distinct, lines: Lines
    ) -> Numbers:
        """The numbers of cells by the decimal sign that these, or earlier ones, show; values: (2, U) under each."""
        point, comma = values
        only = np.isnan(point) != np.isnan(comma)
        if self.decimal is None and only.any():
            self.decimal = "," if np.isnan(point[np.argmax(only)]) else "."
        chosen = comma if self.decimal == "," else point
        for place in np.flatnonzero(only & np.isnan(chosen)):
            line, sign = int(lines[found.firsts[place]]), "comma" if self.decimal == "," else "point"
            self._odd.note(
                found.texts[place], line, int(found.counts[place]), f"among numbers with a decimal {sign}"
            )
        if self.decimal is None:
            differ = ~only & (point != comma) & ~np.isnan(point)
            has_comma = np.array(["," in text for text in found.texts]) & differ
            marks = has_comma[found.codes], (differ & ~has_comma)[found.codes]
            self._open.note(*marks, np.array(found.texts, dtype=object)[found.codes], lines)
        self._note_firsts(numerals, found, lines)
        return np.asarray(chosen[found.codes])

    def _note_firsts(self, numerals: Sequence[Numeral | None], found: Distinct, lines: Lines) -> None:
        """Lines of the first cells with thousands separators, with a decimal comma and with an affix."""
        for place, number in enumerate(numerals):
            if number is None:
                continue
            first = int(lines[found.firsts[place]]), found.texts[place]
            if number.affix != BARE:
                self._firsts.setdefault("affix", first)
            if self.decimal is None:
                continue
            if number.is_grouped(self.decimal):
                self._firsts.setdefault("thousands", first)
            if self.decimal == "," and "," in number.digits:
                self._firsts.setdefault("decimal_comma", first)

    # --- the end

    def _follow(self, sign: str) -> None:
        """Take the decimal sign of other columns: the other sign stands between thousands."""
        self.decimal = sign
        grouped = self._open.point if sign == "," else self._open.comma
        if grouped is not None:
            self._firsts.setdefault("thousands", grouped)
        if sign == "," and self._open.comma is not None:
            self._firsts.setdefault("decimal_comma", self._open.comma)

    def _settle(self, is_continental: bool) -> None:
        """Raise DataError where nobody can tell the decimal sign; say so where it can hardly be another."""
        first = self._open.comma or self._open.point
        assert first is not None
        if self._open.comma is not None or self._open.looks_grouped(".", self._pieces):
            either = f"{first[1]!r} can be a thousand or a decimal number, and no other cell tells"
            message = f"{either}; say which with --decimal . or --decimal ,"
            raise self.context.cell_refusal(first[0], self.name, message)
        if is_continental and self._open.mostly_pointed(self._pieces):
            self._say_pointed(*first)

    def _say_pointed(self, line: int, cell: str) -> None:
        """Every number has three decimals, which in such a file may as well be thousands."""
        where = f"all its numbers are like {cell!r} (line {line})"
        message = f"column {self.name!r} is read with a decimal point, though {where}"
        place = self.context.place(line=line, column=self.name)
        self.context.warn(
            "three_decimals", message, "--decimal , if the points stand between thousands", place
        )

    def _say(self) -> None:
        column = f"column {self.name!r}"
        sayings = {
            "decimal_comma": "{column} is read with a decimal comma (line {line})",
            "thousands": "{column} has thousands separators (line {line})",
            "boolean": "{column} is read as 1 for true and 0 for false",
            "coded": "{column} is read as tenths with a mark of quality, as NOAA writes them: {cell!r} in line {line}",
        }
        for code, saying in sayings.items():
            if code in self._firsts:
                line, cell = self._firsts[code]
                place = self.context.place(line=line, column=self.name)
                self.context.info(code, saying.format(column=column, line=line, cell=cell), place=place)
        if self.affix not in (None, BARE):
            self.context.units[self.name] = affix_text(self.affix)
            line, cell = self._firsts["affix"]
            message = f"{column} is numbers with {affix_text(self.affix)!r}: {cell!r} in line {line}"
            self.context.info("unit", message, place=self.context.place(line=line, column=self.name))
        if self._words:
            listed = ", ".join(f"{word!r} {often:,} times" for word, often in self._words.items())
            message = f"{column} holds {listed.replace(' 1 times', ' once')}; read as missing"
            self.context.info("missing_words", message)
        if self.decimal is not None or self._open.point is not None:
            self.context.signs.add(self.decimal or ".")

    def _count_words(self, texts: Sequence[str], counts: Sequence[int]) -> None:
        """Keep count of the words that mean missing by themselves, of which nobody may know."""
        for text, often in zip(texts, counts, strict=True):
            if text not in PLAIN and text not in self.context.rules.missing:
                self._words[text] = self._words.get(text, 0) + often

    def _without_sentinels(self, numbers: Numbers) -> Numbers:
        """Numbers that a user's sentinels say are missing as NaN, however they are written: -200,0 is -200."""
        if self._sentinels and "boolean" not in self._firsts:
            numbers[np.isin(numbers, self._sentinels)] = np.nan
        return numbers


def _or_nan(number: float | None) -> float:
    return math.nan if number is None else number


def _begins_as_none(cells: Cells) -> Mask:
    """(n,) True for cells that begin as no number of Python's does, or are signs alone."""
    if cells.dtype.kind == "S":
        first = np.ascontiguousarray(cells).view(np.uint8).reshape(len(cells), -1)[:, 0]
        signs = [is_equal(cells, sign) for sign in ("-", "--", "---", ".", "..", "...")]
        begins: Mask = ~_BEGINS[first] | np.logical_or.reduce(signs)
        return begins
    return np.array(
        [not cell or cell[0] not in "0123456789+-." or not cell.strip("-.") for cell in cells], bool
    )


def _has_underscore(cells: Cells) -> bool:
    """Python reads 1_000 as a number; a file that holds it means something else."""
    if cells.dtype.kind == "S":
        return bool((np.ascontiguousarray(cells).view(np.uint8) == ord("_")).any())
    return "_" in "".join(cells)


def numbers_among(words: Iterable[str]) -> tuple[float, ...]:
    """The finite numbers among words, with a decimal point or a decimal comma; a word that can be two is none."""
    found = []
    for word in words:
        number = numeral(word)
        if number is not None and number.affix == BARE:
            values = {value for value in map(number.value, SIGNS) if value is not None}
            found += list(values) if len(values) == 1 else []
    return tuple(number for number in found if math.isfinite(number))


def is_number(cell: str) -> bool:
    """True for a cell that can be read as a number without an affix, in whichever way, or as a truth value."""
    if cell.strip().lower() in _BOOLEANS:
        return True
    number = numeral(cell)
    return number is not None and number.affix == BARE


def sign_of(cells: Iterable[str]) -> str | None:
    """The decimal sign that some cells of a column show; None where they show none, or both."""
    found = set()
    for cell in set(cells):
        number = numeral(cell)
        values = [] if number is None else [number.value(sign) for sign in SIGNS]
        found |= {
            sign
            for sign, value in zip(SIGNS, values, strict=False)
            if values.count(None) == 1 and value is not None
        }
    return found.pop() if len(found) == 1 else None
