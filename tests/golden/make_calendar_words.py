"""Makes the table of calendar words that the package carries, from CLDR (by babel) and the time zone database.

Run when either has news; the table is data, and nothing of it is written by hand but what stands here:

    python -m tests.golden.make_calendar_words
"""

from __future__ import annotations

import datetime
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

TABLE = Path(__file__).parents[2] / "lstmcast" / "ingest" / "text" / "calendar_words.py"
LANGUAGES = [
    "af",
    "ar",
    "az",
    "az_Cyrl",
    "be",
    "bg",
    "bs",
    "ca",
    "cs",
    "cy",
    "da",
    "de",
    "de_AT",
    "el",
    "en",
    "es",
    "es_MX",
    "et",
    "eu",
    "fa",
    "fi",
    "fil",
    "fo",
    "fr",
    "fy",
    "ga",
    "gl",
    "he",
    "hr",
    "hu",
    "hy",
    "id",
    "is",
    "it",
    "ka",
    "kk",
    "ky",
    "lb",
    "lt",
    "lv",
    "mk",
    "ms",
    "mt",
    "nb",
    "nl",
    "nn",
    "pl",
    "pt",
    "ro",
    "ru",
    "rm",
    "sk",
    "sl",
    "sq",
    "sr",
    "sr_Latn",
    "sv",
    "sw",
    "tg",
    "tr",
    "uk",
    "uz",
    "uz_Cyrl",
]
CROATIAN = "hr"  # five of its names are those of other months in Czech and Polish
HALF_LANGUAGES = [
    "ar",
    "el",
    "fa",
    "ja",
    "ko",
    "tr",
    "zh",
]  # what they write for am and pm is in no Latin letters
# What people type beside what CLDR has: umlauts written out, and shorter or older abbreviations.
OTHERS = {3: "mrz maerz", 1: "jaenner jenner", 2: "feber", 9: "sept"}
FIRST, LAST = 1990, 2031  # years from which abbreviations are taken
# The two letters of FERC's OASIS stamps (20240101000000ES), and what German, French and older systems write.
ALIASES = {
    "ad": "ADT", "as": "AST", "cd": "CDT", "cs": "CST", "ed": "EDT", "es": "EST", "md": "MDT", "ms": "MST",
    "pd": "PDT", "ps": "PST", "mez": "CET", "mesz": "CEST", "met": "CET", "mest": "CEST", "oez": "EET",
    "oesz": "EEST", "hne": "EST", "hae": "EDT",
}  # fmt: skip
# RFC 5322, section 4.3, says which of several clocks these mean.
RFC_5322 = {
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
}  # fmt: skip


def folded(text: str) -> str:
    """A word in lower case without accents, a Turkish dotless i as i."""
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("ı", "i")
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def names_of(language: str) -> Iterator[tuple[str, int]]:
    """The names of the months in a language, long and short, as subjects and in dates."""
    from babel import Locale

    months = Locale.parse(language).months
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in months[context][width].items():
                word = folded(name).removeprefix("de ").removeprefix("d’").strip(" .")
                if word.isalpha() and len(word) >= (3 if word.isascii() else 2):
                    yield word, number


def months() -> tuple[dict[str, int], dict[str, int]]:
    """(month by name, the Croatian month by name); names that mean two months in one language of the rest are out."""
    found: dict[str, set[int]] = {}
    croatian = dict(names_of(CROATIAN))
    for language in LANGUAGES:
        if language != CROATIAN:
            for word, number in names_of(language):
                found.setdefault(word, set()).add(number)
    for number, words in OTHERS.items():
        for word in words.split():
            found.setdefault(word, set()).add(number)
    assert {word: numbers for word, numbers in found.items() if len(numbers) > 1} == {}
    return {word: numbers.pop() for word, numbers in found.items()}, croatian


def halves() -> dict[str, str]:
    """`am` or `pm` by what it is called where letters are no Latin ones."""
    from babel import Locale

    found = {}
    for language in HALF_LANGUAGES:
        for widths in Locale.parse(language).day_periods.values():
            for words in widths.values():
                for half in ("am", "pm"):
                    word = folded(words.get(half) or "a").replace(" ", "")
                    if not word.isascii() and len(word) > 1:
                        found[word] = half
    return found


def quarters() -> set[str]:
    """What quarters are called: the words that all four names of a language share, without ordinals."""
    from babel import Locale

    found = set()
    for language in (*LANGUAGES, "ja", "ko", "zh"):
        for widths in Locale.parse(language).quarters.values():
            for width in ("wide", "abbreviated"):
                names = [folded(widths[width][number]) for number in (1, 2, 3, 4)]
                found |= set.intersection(*(set(re.findall(r"[^\W\d_]+", name)) for name in names))
    composed = {unicodedata.normalize("NFC", word) for word in found}
    return {word for word in composed if len(word) > (2 if word.isascii() else 1)} | {"q", "k", "t", "kv"}


def zones() -> set[str]:
    """The zones of today under their own names."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    return {line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#")}


def abbreviations() -> dict[str, tuple[int, ...]]:
    """Minutes ahead of UTC by abbreviation, that of most zones first."""
    seen: dict[str, Counter[int]] = {}
    for name in sorted(zones()):
        zone, instant = ZoneInfo(name), datetime.datetime(FIRST, 1, 1, tzinfo=datetime.UTC)
        pairs = set()
        while instant.year < LAST:
            local = instant.astimezone(zone)
            minutes = local.utcoffset()
            assert minutes is not None
            pairs.add((local.tzname() or "", int(minutes.total_seconds()) // 60))
            instant += datetime.timedelta(days=9)
        for abbreviation, offset in pairs:
            if abbreviation.isalpha():
                seen.setdefault(abbreviation.lower(), Counter())[offset] += 1
    return {name: tuple(offset for offset, _ in sorted_counts(counts)) for name, counts in seen.items()}


def sorted_counts(counts: Counter[int]) -> list[tuple[int, int]]:
    """The commonest first, of equals the smaller."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def wrapped(words: list[str], indent: str) -> str:
    """The words as string literals, one below the other."""
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) > 90:
            lines.append(line)
            line = ""
        line += f"{word} "
    lines.append(line.rstrip())
    return "\n".join(f'{indent}"{text}"' for text in lines)


def by_month(table: dict[str, int]) -> str:
    """A tuple of twelve strings of words."""
    rows = []
    for number in range(1, 13):
        words = sorted(word for word, month in table.items() if month == number)
        rows.append(f"    (\n{wrapped(words, ' ' * 8)}\n    ),")
    return "(\n" + "\n".join(rows) + "\n)"


def text() -> str:
    """The module."""
    plain, croatian = months()
    pairs = "".join(f"    {word!r}: {half!r},\n" for word, half in sorted(halves().items()))
    called = wrapped(sorted(quarters()), " " * 4)
    known = abbreviations()
    rows = "".join(f"    {name!r}: {known[name]},\n" for name in sorted(known))
    names = {alias: name.lower() for alias, name in ALIASES.items()}
    alias = "".join(f"    {name!r}: {names[name]!r},\n" for name in sorted(names))
    rfc = "".join(f"    {name!r}: {RFC_5322[name]},\n" for name in sorted(RFC_5322))
    return (
        '"""Words of calendars, as tests/golden/make_calendar_words.py takes them from CLDR and the zone database.\n\n'
        "All are in lower case and without accents; do not edit.\n"
        '"""\n\n'
        "from __future__ import annotations\n\n"
        "# January first: what the month is called in any language but Croatian\n"
        f"NAMES: tuple[str, ...] = {by_month(plain)}\n"
        "# and in Croatian, some of whose names are those of other months in Czech and Polish\n"
        f"CROATIAN_NAMES: tuple[str, ...] = {by_month(croatian)}\n"
        "# am and pm where letters are no Latin ones\n"
        f"HALVES: dict[str, str] = {{\n{pairs}}}\n"
        "# what a quarter is called\n"
        f"QUARTERS: str = (\n{called}\n)\n"
        "# minutes ahead of UTC that a zone's abbreviation stands for, those of most zones first\n"
        f"ABBREVIATIONS: dict[str, tuple[int, ...]] = {{\n{rows}}}\n"
        "# other ways to write some of them\n"
        f"ALIASES: dict[str, str] = {{\n{alias}}}\n"
        "# which of several clocks RFC 5322 says that these are\n"
        f"RFC_5322: dict[str, int] = {{\n{rfc}}}\n"
    )


def names() -> tuple[dict[str, int], dict[str, int]]:
    """The months by name, of all languages but Croatian and of Croatian, as they are made today."""
    return months()


def names_in_table() -> tuple[dict[str, int], dict[str, int]]:
    """The same as the package has them."""
    from lstmcast.ingest.text.layouts import CROATIAN_MONTHS, MONTHS

    return MONTHS, CROATIAN_MONTHS


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
    sys.exit(0)
