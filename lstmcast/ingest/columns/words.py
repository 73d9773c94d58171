"""Words that stand where a value is missing, as programs and people write them."""

from __future__ import annotations

from collections.abc import Iterable


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


# Empty cells, and what readers of CSV files have always taken for missing.
PLAIN = _listed("|NA|N/A|n/a|na|#N/A|NaN|nan|NAN|null|NULL|Null|None|?|-|--")
# Home Assistant, SQL and data bases, spreadsheets, plant historians, people; compared without regard to case.
NAMED = _listed(
    "unavailable|unknown|offline|none|null|(null)|<null>|nil|\\n|<na>|<nan>|nat|nan|na|n/a|n.a.|n.a|n/v|k.a.|k. a.|"
    "#n/a|#na|#n/a n/a|#nv|#value!|#wert!|#valeur!|#ref!|#bezug!|#div/0!|#name?|#num!|#zahl!|#null!|#error!|#calc!|"
    "#spill!|error|no data|nodata|no value|missing|not available|not known|bad|bad input|bad quality|i/o timeout|"
    "pt created|comm fail|?|??|???|-|--|---|–|—|.|..|...|…|*|**|***|:|nd|n.d."
)
# In text some of these are classes: a device that is offline, a day of weather unknown, "None" for no holiday.
OF_CLASSES = (PLAIN - {"None"}) | _listed(
    "unavailable|\\N|(null)|<NA>|NaT|#VALUE!|#WERT!|#REF!|#BEZUG!|#DIV/0!|#NAME?|#NUM!|#NULL!|#NV"
)


def means_missing(cell: str, more: Iterable[str] = ()) -> bool:
    """True for a cell of a column of numbers that says that there is no number; more: words of the user's own."""
    text = cell.strip()
    return not text or text in PLAIN or text.lower() in NAMED or text in more
