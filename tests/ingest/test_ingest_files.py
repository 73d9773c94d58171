"""Small files with one awkwardness each, and what is said of them word for word."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.ingest import ReadingRules, Roles, read

NAN = math.nan


@dataclass
class Understood:
    """A file, and what must come of it: all stamps, the target's values, findings as `code: message`."""

    name: str
    text: str | bytes
    stamps: list[str]
    values: list[float]
    findings: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    freq: str | None = None


@dataclass
class Refused:
    """A file (or an option) that cannot be read, and the whole message after the name of the file."""

    name: str
    text: str | bytes
    message: str
    options: dict[str, Any] = field(default_factory=dict)
    error: type[Exception] = DataError


def days(*values: object, start: int = 1) -> str:
    """Rows of one day each from 1 May 2024 on."""
    return "".join(f"2024-05-{start + i:02d},{value}\n" for i, value in enumerate(values))


FOUR = ["2024-05-01", "2024-05-02", "2024-05-03", "2024-05-04"]
PLAIN = "time,y\n" + days(1, 2, 3, 4)

NAMED = "dates: column 'time' is read as dates with the name of the month"

UNDERSTOOD = [
    # --- text and dialect
    Understood("plain", PLAIN, FOUR, [1, 2, 3, 4], freq="D"),
    *(
        Understood(f"months in {language}", text, FOUR[:2], [1, 2], [NAMED])
        for language, text in {
            "Finnish": "time;y\n1. toukokuuta 2024;1\n2. toukokuuta 2024;2\n",
            "Spanish": "time;y\n1 de mayo de 2024;1\n2 de mayo de 2024;2\n",
            "Portuguese": "time;y\n1 de maio de 2024;1\n2 de maio de 2024;2\n",
            "Polish": "time;y\n1 maja 2024;1\n2 maja 2024;2\n",
            "German": "time;y\n1. Mai 2024;1\n2. Mai 2024;2\n",
            "French": "time;y\nmercredi 1 mai 2024;1\njeudi 2 mai 2024;2\n",
        }.items()
    ),
    Understood(
        "epoch under a short name",
        "t,y\n1714521600,1\n1714608000,2\n",
        FOUR[:2],
        [1, 2],
        ["dates: column 't' is read as seconds or milliseconds since 1970 (UTC)"],
    ),
    Understood("semicolons", PLAIN.replace(",", ";"), FOUR, [1, 2, 3, 4]),
    Understood("tabs", PLAIN.replace(",", "\t"), FOUR, [1, 2, 3, 4]),
    Understood("pipes", PLAIN.replace(",", "|"), FOUR, [1, 2, 3, 4]),
    Understood("crlf", PLAIN.replace("\n", "\r\n").encode(), FOUR, [1, 2, 3, 4]),
    Understood("cr alone", PLAIN.replace("\n", "\r").encode(), FOUR, [1, 2, 3, 4]),
    Understood("no line end at the end", PLAIN.rstrip("\n"), FOUR, [1, 2, 3, 4]),
    Understood("byte order mark", b"\xef\xbb\xbf" + PLAIN.encode(), FOUR, [1, 2, 3, 4]),
    Understood("utf-16", PLAIN.encode("utf-16"), FOUR, [1, 2, 3, 4]),
    Understood("utf-16 without a mark", PLAIN.encode("utf-16-le"), FOUR, [1, 2, 3, 4]),
    Understood("utf-32", PLAIN.encode("utf-32"), FOUR, [1, 2, 3, 4]),
    Understood(
        "latin letters",
        ("time,größe\n" + days(1, 2, 3, 4)).encode("latin-1"),
        FOUR,
        [1, 2, 3, 4],
        ["encoding: line 1 is not UTF-8; read as Windows-1252"],
        {"target": "größe"},
    ),
    Understood("everything quoted", '"time","y"\n"2024-05-01","1"\n"2024-05-02","2"\n', FOUR[:2], [1, 2]),
    Understood(
        "delimiter within quotes", 'time,y,"a,b"\n2024-05-01,1,"x,y"\n2024-05-02,2,"z"\n', FOUR[:2], [1, 2]
    ),
    Understood(
        "line end within quotes",
        'time,y,note\n2024-05-01,1,"two\nlines"\n2024-05-02,x1,\n2024-05-03,3,\n'.replace("x1", "2"),
        FOUR[:3],
        [1, 2, 3],
    ),
    Understood("spaces around cells", "time , y\n2024-05-01 , 1\n2024-05-02 , 2 \n", FOUR[:2], [1, 2]),
    Understood("blank first line", "\n" + PLAIN, FOUR, [1, 2, 3, 4]),
    Understood("blank lines between", PLAIN.replace("\n", "\n\n"), FOUR, [1, 2, 3, 4]),
    Understood("empty rows at the end", PLAIN + ",\n,\n", FOUR, [1, 2, 3, 4]),
    Understood("comment lines", "# made by hand\n# 2024\n" + PLAIN, FOUR, [1, 2, 3, 4]),
    Understood("a header in a comment", "# time,y\n" + days(1, 2), FOUR[:2], [1, 2]),
    Understood("sep line of a spreadsheet", "sep=;\n" + PLAIN.replace(",", ";"), FOUR, [1, 2, 3, 4]),
    Understood(
        "lines before the header",
        "Station 12\nexported by hand\n" + PLAIN,
        FOUR,
        [1, 2, 3, 4],
        ["preamble: 2 lines before the header in line 3 skipped; the first is 'Station 12'"],
    ),
    Understood("trailing empty column", "time,y,\n2024-05-01,1,\n2024-05-02,2,\n", FOUR[:2], [1, 2]),
    Understood("trailing delimiter below", "time,y\n2024-05-01,1,\n2024-05-02,2,\n", FOUR[:2], [1, 2]),
    Understood(
        "row names without a header",
        "time,y\n" + "".join(f"r{i},{row}\n" for i, row in enumerate(days(1, 2, 3).split())),
        FOUR[:3],
        [1, 2, 3],
        ["row_names: line 1 has no name for the first column"],
    ),
    Understood("index without a name", ",y\n" + days(1, 2), FOUR[:2], [1, 2]),
    Understood(
        "last line cut off",
        "time,y,z\n2024-05-01,1,5\n2024-05-02,2,5\n2024-0",
        FOUR[:2],
        [1, 2],
        ["cut_off: line 4, the last, is cut off; it was dropped"],
    ),
    Understood(
        "short rows",
        "time,y,z\n2024-05-01,1,5\n2024-05-02,2\n2024-05-03,3,5\n",
        FOUR[:3],
        [1, 2, 3],
        [
            "short_rows: 1 line with fewer cells than the header, the first is line 3; "
            "the cells after them are missing"
        ],
    ),
    Understood(
        "the header again",
        "time,y\n2024-05-01,1\ntime,y\n2024-05-02,2\n2024-05-03,3\n",
        FOUR[:3],
        [1, 2, 3],
        ["headers: 1 line with the header again, the first is line 3; left out"],
    ),
    Understood(
        "a comment within",
        "time,y\n2024-05-01,1\n# broken sensor\n2024-05-02,2\n2024-05-03,3\n",
        FOUR[:3],
        [1, 2, 3],
        ["comments: 1 line with a comment, the first is line 3; left out"],
    ),
    Understood(
        "units below the header",
        "time,y\n(UTC),(MW)\n2024-05-01,1\n2024-05-02,2\n",
        FOUR[:2],
        [1, 2],
        ["units: line 2 below the header holds no data; skipped: '(UTC) (MW)'"],
    ),
    # --- numbers
    Understood(
        "missing tokens",
        "time,y\n" + days(1, "", "NA", "N/A", "NaN", "null", "?", "-", 9),
        [f"2024-05-{day:02d}" for day in range(1, 10)],
        [1, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 9],
        ["missing: 7 cells of 9 in column 'y' missing, the first in line 3"],
    ),
    Understood(
        "a missing token of one's own",
        "time,y\n" + days(1, -200, 3, 4),
        FOUR,
        [1, NAN, 3, 4],
        ["missing: 1 cell of 4 in column 'y' missing, the first in line 3"],
        {"rules": ReadingRules(missing=("-200",))},
    ),
    Understood("scientific notation", "time,y\n" + days("1e3", "-2.5E-1"), FOUR[:2], [1000, -0.25]),
    Understood(
        "decimal comma",
        "time;y\n2024-05-01;1,5\n2024-05-02;-0,25\n",
        FOUR[:2],
        [1.5, -0.25],
        ["decimal_comma: column 'y' is read with a decimal comma (line 2)"],
    ),
    Understood(
        "thousands points",
        "time;y\n2024-05-01;1.234\n2024-05-02;1.234.567,5\n",
        FOUR[:2],
        [1234, 1234567.5],
        [
            "decimal_comma: column 'y' is read with a decimal comma (line 3)",
            "thousands: column 'y' has thousands separators (line 2)",
        ],
    ),
    Understood(
        "thousands commas",
        'time,y\n2024-05-01,"1,234.5"\n2024-05-02,"12,345,678"\n',
        FOUR[:2],
        [1234.5, 12345678],
        ["thousands: column 'y' has thousands separators (line 2)"],
    ),
    Understood(
        "thousands spaces",
        "time;y\n2024-05-01;1\u00a0234\n2024-05-02;2 345,5\n",
        FOUR[:2],
        [1234, 2345.5],
        [
            "decimal_comma: column 'y' is read with a decimal comma (line 3)",
            "thousands: column 'y' has thousands separators (line 2)",
        ],
    ),
    Understood(
        "thousands apostrophes",
        "time,y\n2024-05-01,1'234.5\n2024-05-02,7\n",
        FOUR[:2],
        [1234.5, 7],
        ["thousands: column 'y' has thousands separators (line 2)"],
    ),
    Understood(
        "decimal comma said",
        "time;y\n2024-05-01;1,234\n2024-05-02;5,678\n",
        FOUR[:2],
        [1.234, 5.678],
        ["decimal_comma: column 'y' is read with a decimal comma (line 2)"],
        {"rules": ReadingRules(decimal=",")},
    ),
    Understood(
        "booleans",
        "time,y\n" + days("true", "False", "TRUE"),
        FOUR[:3],
        [1, 0, 1],
        ["boolean: column 'y' is read as 1 for true and 0 for false"],
    ),
    Understood(
        "constant",
        "time,y\n" + days(7, 7, 7, 7),
        FOUR,
        [7, 7, 7, 7],
        ["constant: column 'y' is 7 in every row"],
    ),
    Understood(
        "a sentinel",
        "time,y\n" + days(*[5, 6, 7, 8] * 3, -999, -999, -999),
        [f"2024-05-{day:02d}" for day in range(1, 16)],
        [5, 6, 7, 8] * 3 + [-999] * 3,
        ["sentinel: column 'y' holds -999 3 times (first in line 14), far outside the rest"],
    ),
    # --- names
    Understood(
        "another case",
        "Time,Load MW\n" + days(1, 2),
        FOUR[:2],
        [1, 2],
        ["name: there is no column 'load mw'; 'Load MW' is taken for it"],
        {"target": "load mw"},
    ),
    Understood(
        "a unit in the header",
        "time,Flow [l/s]\n" + days(1, 2),
        FOUR[:2],
        [1, 2],
        ["name: there is no column 'flow'; 'Flow [l/s]' is taken for it"],
        {"target": "flow"},
    ),
    Understood("the value first", "y,date\n1,2024-05-01\n2,2024-05-02\n", FOUR[:2], [1, 2]),
    # --- styles of stamps
    Understood("slashes", PLAIN.replace("-", "/"), FOUR, [1, 2, 3, 4]),
    Understood(
        "eight digits",
        PLAIN.replace("-", ""),
        FOUR,
        [1, 2, 3, 4],
        ["dates: column 'time' is read as dates in digits (YYYYMMDD)"],
    ),
    Understood(
        "day first",
        "time,y\n30.4.2024,1\n1.5.2024,2\n2.5.2024,3\n",
        ["2024-04-30", "2024-05-01", "2024-05-02"],
        [1, 2, 3],
        ["dates: column 'time' is read as day/month/year"],
    ),
    Understood(
        "month first",
        "time,y\n04/30/2024,1\n05/01/2024,2\n05/02/2024,3\n",
        ["2024-04-30", "2024-05-01", "2024-05-02"],
        [1, 2, 3],
        ["dates: column 'time' is read as month/day/year"],
    ),
    Understood(
        "day first, said",
        "time,y\n01/02/2024,1\n02/02/2024,2\n",
        ["2024-02-01", "2024-02-02"],
        [1, 2],
        ["dates: column 'time' is read as day/month/year"],
        {"rules": ReadingRules(dates="day-first")},
    ),
    Understood(
        "years of two digits",
        "time,y\n30/04/99,1\n01/05/99,2\n02/05/99,3\n",
        ["1999-04-30", "1999-05-01", "1999-05-02"],
        [1, 2, 3],
        ["dates: column 'time' is read as day/month/year"],
    ),
    Understood(
        "names of months",
        "time,y\n30 Apr 2024,1\n1 May 2024,2\n",
        ["2024-04-30", "2024-05-01"],
        [1, 2],
        ["dates: column 'time' is read as dates with the name of the month"],
    ),
    Understood(
        "names of months in German",
        "time,y\n28. Februar 2024,1\n29. Februar 2024,2\n1. März 2024,3\n",
        ["2024-02-28", "2024-02-29", "2024-03-01"],
        [1, 2, 3],
        ["dates: column 'time' is read as dates with the name of the month"],
    ),
    Understood(
        "weekday and month in front",
        'time,y\n"Tue, Apr 30, 2024",1\n"Wed, May 1, 2024",2\n',
        ["2024-04-30", "2024-05-01"],
        [1, 2],
        ["dates: column 'time' is read as dates with the name of the month"],
    ),
    Understood(
        "am and pm",
        "time,y\n04/30/2024 11:00 PM,1\n05/01/2024 12:00 AM,2\n05/01/2024 1:00 AM,3\n",
        ["2024-04-30T23:00:00", "2024-05-01T00:00:00", "2024-05-01T01:00:00"],
        [1, 2, 3],
        ["dates: column 'time' is read as month/day/year"],
    ),
    Understood(
        "24 o'clock",
        "time,y\n2024-05-01 23:00,1\n2024-05-01 24:00,2\n2024-05-02 01:00,3\n",
        ["2024-05-01 23:00", "2024-05-02 00:00", "2024-05-02 01:00"],
        [1, 2, 3],
    ),
    Understood(
        "times with points",
        "Date;Time;y\n31/12/2004;18.00.00;1\n31/12/2004;19.00.00;2\n",
        ["2004-12-31T18:00:00", "2004-12-31T19:00:00"],
        [1, 2],
        [
            "time_column: columns Date,Time together are taken for the time",
            "dates: column 'Date,Time' is read as day/month/year",
        ],
    ),
    Understood(
        "intervals",
        "time,y\n31.01.2015 00:00 - 31.01.2015 01:00,1\n31.01.2015 01:00 - 31.01.2015 02:00,2\n",
        ["2015-01-31T00:00:00", "2015-01-31T01:00:00"],
        [1, 2],
        [
            "dates: column 'time' is read as day/month/year",
            "interval: column 'time' holds intervals; each is taken by its start",
        ],
    ),
    Understood(
        "epoch seconds",
        "time,y\n1714521600,1\n1714525200,2\n",
        ["2024-05-01T00:00:00+00:00", "2024-05-01T01:00:00+00:00"],
        [1, 2],
        ["dates: column 'time' is read as seconds or milliseconds since 1970 (UTC)"],
    ),
    Understood(
        "epoch milliseconds",
        "timestamp,y\n1714521600000,1\n1714521600500,2\n",
        ["2024-05-01T00:00:00.000000+00:00", "2024-05-01T00:00:00.500000+00:00"],
        [1, 2],
        ["dates: column 'timestamp' is read as seconds or milliseconds since 1970 (UTC)"],
        freq="500ms",
    ),
    Understood("months", "time,y\n1961-03,1\n1961-04,2\n", ["1961-03", "1961-04"], [1, 2], freq="MS"),
    Understood(
        "months by name",
        "time,y\n1991 Jul,1\n1991 Aug,2\n",
        ["1991-07-01", "1991-08-01"],
        [1, 2],
        ["dates: column 'time' is read as dates with the name of the month"],
        freq="MS",
    ),
    Understood(
        "quarters",
        "time,y\n2001Q3,1\n2001Q4,2\n2002Q1,3\n",
        ["2001-07-01", "2001-10-01", "2002-01-01"],
        [1, 2, 3],
        ["dates: column 'time' is read as quarters"],
        freq="QS-JAN",
    ),
    Understood(
        "weeks",
        "time,y\n2020-W52,1\n2020-W53,2\n2021-W01,3\n",
        ["2020-12-21", "2020-12-28", "2021-01-04"],
        [1, 2, 3],
        ["dates: column 'time' is read as ISO weeks"],
        freq="W-MON",
    ),
    Understood(
        "years",
        "year,y\n1999,1\n2000,2\n2001,3\n",
        ["1999-01-01", "2000-01-01", "2001-01-01"],
        [1, 2, 3],
        ["dates: column 'year' is read as years"],
        freq="YS-JAN",
    ),
    Understood(
        "a counter",
        "t,y\n8,1\n9,2\n10,3\n",
        ["8", "9", "10"],
        [1, 2, 3],
        ["counter: column 't' is a counter without a calendar"],
        freq="count",
    ),
    Understood(
        "minutes only",
        "time,y\n2024-05-01 00:00,1\n2024-05-01 00:15,2\n",
        ["2024-05-01 00:00", "2024-05-01 00:15"],
        [1, 2],
        freq="15min",
    ),
    Understood(
        "fractions of seconds",
        "time,y\n2024-05-01T00:00:00.000,1\n2024-05-01T00:00:05.000,2\n",
        ["2024-05-01T00:00:00", "2024-05-01T00:00:05"],
        [1, 2],
        freq="5s",
    ),
    # --- several columns of time
    Understood(
        "date and hour",
        "date,hour,y\n2024-05-01,22,1\n2024-05-01,23,2\n2024-05-02,0,3\n",
        ["2024-05-01T22:00:00", "2024-05-01T23:00:00", "2024-05-02T00:00:00"],
        [1, 2, 3],
        ["time_column: columns date,hour together are taken for the time"],
    ),
    Understood(
        "date and hour named",
        "tag,stunde,y\n2024-05-01,22,1\n2024-05-01,23,2\n",
        ["2024-05-01T22:00:00", "2024-05-01T23:00:00"],
        [1, 2],
        options={"time": "tag,stunde"},
    ),
    Understood(
        "year, month, day and hour",
        "No,year,month,day,hour,y\n1,2024,12,31,23,1\n2,2025,1,1,0,2\n",
        ["2024-12-31T23:00:00", "2025-01-01T00:00:00"],
        [1, 2],
        ["time_column: columns year,month,day,hour together are taken for the time"],
    ),
    Understood(
        "year and month",
        "year,month,y\n2024,12,1\n2025,1,2\n",
        ["2024-12-01", "2025-01-01"],
        [1, 2],
        ["time_column: columns year,month together are taken for the time"],
        freq="MS",
    ),
    Understood(
        "year and quarter",
        "Year,Quarter,y\n2020,3,1\n2020,4,2\n2021,1,3\n",
        ["2020-07-01", "2020-10-01", "2021-01-01"],
        [1, 2, 3],
        [
            "time_column: columns Year,Quarter together are taken for the time",
            "dates: column 'Year,Quarter' is read as quarters",
        ],
    ),
    Understood(
        "year and week",
        "year,week,y\n2020,9,1\n2020,10,2\n",
        ["2020-02-24", "2020-03-02"],
        [1, 2],
        [
            "time_column: columns year,week together are taken for the time",
            "dates: column 'year,week' is read as ISO weeks",
        ],
    ),
    Understood(
        "two columns of times",
        "created,updated,y\n2024-05-01 00:00,2024-05-01 02:00,1\n2024-05-01 01:00,2024-05-01 03:00,2\n",
        ["2024-05-01 00:00", "2024-05-01 01:00"],
        [1, 2],
        ["time_column: column 'created' is taken for the time; 'updated' could be it too"],
    ),
    # --- order, duplicates, gaps
    Understood(
        "newest first",
        "time,y\n2024-05-03,3\n2024-05-02,2\n2024-05-01,1\n",
        FOUR[:3],
        [1, 2, 3],
        ["newest_first: the newest row stands first; the order was turned round"],
    ),
    Understood(
        "unsorted",
        "time,y\n2024-05-02,2\n2024-05-01,1\n2024-05-03,3\n",
        FOUR[:3],
        [1, 2, 3],
        ["unsorted: 1 row out of order, the first in line 3; sorted by time"],
    ),
    Understood(
        "the same row twice",
        "time,y\n2024-05-01,1\n2024-05-01,1\n2024-05-02,2\n2024-05-03,3\n",
        FOUR[:3],
        [1, 2, 3],
        ["duplicates: 1 row repeated with the same values dropped, the first is 2024-05-01 in line 3"],
    ),
    Understood(
        "the same stamp twice",
        "time,y\n2024-05-01,1\n2024-05-02,2\n2024-05-02,4\n2024-05-03,\n",
        FOUR[:3],
        [1, 3, NAN],
        [
            "missing: 1 cell of 4 in column 'y' missing, the first in line 5",
            "duplicates_differ: 1 row with the stamp of an earlier row and other values, the first is 2024-05-02 "
            "in line 4; their mean is taken",
        ],
    ),
    Understood(
        "the last of the same stamps",
        "time,y\n2024-05-01,1\n2024-05-02,2\n2024-05-02,4\n2024-05-03,5\n",
        FOUR[:3],
        [1, 4, 5],
        [
            "duplicates_differ: 1 row with the stamp of an earlier row and other values, the first is 2024-05-02 "
            "in line 4; the last is taken",
        ],
        {"rules": ReadingRules(duplicates="last")},
    ),
    Understood(
        "a gap",
        "time,y\n2024-05-01,1\n2024-05-02,2\n2024-05-05,5\n2024-05-06,6\n2024-05-07,7\n",
        [f"2024-05-{day:02d}" for day in range(1, 8)],
        [1, 2, NAN, NAN, 5, 6, 7],
        ["gaps: 1 gap: 2 steps of 1 day missing, the first is 2024-05-03 (after line 3)"],
    ),
    Understood(
        "business days",
        "time,y\n2024-05-02,1\n2024-05-03,2\n2024-05-06,3\n2024-05-07,4\n",
        ["2024-05-02", "2024-05-03", "2024-05-06", "2024-05-07"],
        [1, 2, 3, 4],
        freq="B",
    ),
    Understood(
        "month ends",
        "time,y\n2024-01-31,1\n2024-02-29,2\n2024-03-31,3\n",
        ["2024-01-31", "2024-02-29", "2024-03-31"],
        [1, 2, 3],
        freq="ME",
    ),
    Understood(
        "the middle of months",
        "time,y\n2024-01-15,1\n2024-02-15,2\n2024-03-15,3\n",
        ["2024-01-01", "2024-02-01", "2024-03-01"],
        [1, 2, 3],
        ["mid_month: every stamp is on day 15 of its month; taken for the month, from its first day"],
        freq="MS",
    ),
    Understood(
        "the frequency said",
        "time,y\n2024-05-01 00:00,1\n2024-05-01 01:00,2\n",
        ["2024-05-01 00:00", "2024-05-01 00:30", "2024-05-01 01:00"],
        [1, NAN, 2],
        ["gaps: 1 gap: 1 step of 30 min missing, the first is 2024-05-01 00:30:00 (after line 2)"],
        {"freq": "30min"},
    ),
    Understood(
        "put on a clock",
        "time,y\n2024-05-01 00:03,1\n2024-05-01 00:58,2\n2024-05-01 01:10,6\n",
        ["2024-05-01 00:00", "2024-05-01 01:00"],
        [3, 6],
        ["aggregated: 3 rows put on a clock of 1 h by their sum"],
        {"freq": "1h", "rules": ReadingRules(aggregate="sum", keep_partial=True)},
    ),
    Understood(
        "days put into weeks",
        "time,y\n" + days(1, 2, 3, 4, 5, 6, 7),
        ["2024-05-05", "2024-05-12"],
        [5, 7],
        ["aggregated: 7 rows put on a clock of 1 week by their max"],
        {"freq": "W-SUN", "rules": ReadingRules(aggregate="max", keep_partial=True)},
    ),
    Understood(
        "rows of the future",
        "time,y,x\n2024-05-01,1,10\n2024-05-02,2,20\n2024-05-03,,30\n2024-05-04,,40\n",
        FOUR,
        [1, 2, NAN, NAN],
        ["missing: 2 cells of 4 in column 'y' missing, the first in line 4"],
        {"known": ("x",)},
    ),
    # --- zones
    Understood(
        "zulu",
        "time,y\n2024-05-01T00:00Z,1\n2024-05-01T01:00Z,2\n",
        ["2024-05-01T00:00+00:00", "2024-05-01T01:00+00:00"],
        [1, 2],
    ),
    Understood(
        "one offset",
        "time,y\n2024-05-01 00:00+05:30,1\n2024-05-01 01:00+05:30,2\n",
        ["2024-05-01 00:00+05:30", "2024-05-01 01:00+05:30"],
        [1, 2],
    ),
    Understood(
        "offsets seen from another zone",
        "time,y\n2024-05-01 00:00Z,1\n2024-05-01 01:00Z,2\n",
        ["2024-05-01 03:00+03:00", "2024-05-01 04:00+03:00"],
        [1, 2],
        options={"zone": "Europe/Helsinki"},
    ),
    Understood(
        "the doubled hour in order",
        "time,y\n2024-10-27 02:00,1\n2024-10-27 03:00,2\n2024-10-27 03:00,3\n2024-10-27 04:00,4\n",
        ["2024-10-27 02:00", "2024-10-27 03:00", "2024-10-27 03:00", "2024-10-27 04:00"],
        [1, 2, 3, 4],
        options={"zone": "Europe/Helsinki"},
    ),
    Understood(
        "the doubled hour, newest first",
        "time,y\n2024-10-27 04:00,4\n2024-10-27 03:00,3\n2024-10-27 03:00,2\n2024-10-27 02:00,1\n",
        ["2024-10-27 02:00", "2024-10-27 03:00", "2024-10-27 03:00", "2024-10-27 04:00"],
        [1, 2, 3, 4],
        ["newest_first: the newest row stands first; the order was turned round"],
        {"zone": "Europe/Helsinki"},
    ),
    Understood(
        "a doubled hour that stands once",
        "time,y\n2024-10-27 02:00,1\n2024-10-27 03:00,2\n2024-10-27 04:00,4\n2024-10-27 05:00,5\n",
        ["2024-10-27 02:00", "2024-10-27 03:00", "2024-10-27 03:00", "2024-10-27 04:00", "2024-10-27 05:00"],
        [1, 2, NAN, 4, 5],
        [
            "ambiguous: 1 time that happens twice stands once, near 2024-10-27 03:00:00; read as the first",
            "gaps: 1 gap: 1 step of 1 h missing, the first is 2024-10-27 03:00:00 (after line 3)",
        ],
        {"zone": "Europe/Helsinki"},
    ),
    Understood(
        "the hour that is skipped, moved on",
        "time,y\n2024-03-31 02:00,1\n2024-03-31 03:00,2\n2024-03-31 05:00,4\n",
        ["2024-03-31 02:00", "2024-03-31 04:00", "2024-03-31 05:00"],
        [1, 2, 4],
        [
            "nonexistent: 1 stamp that the clock skips moved on, the first is 2024-03-31 03:00:00 (line 3)",
        ],
        {"zone": "Europe/Helsinki", "rules": ReadingRules(nonexistent="shift")},
    ),
]

COLUMNS = "the columns are time, y"
REFUSED = [
    Refused(
        "no column beside the target",
        "y\n1\n2\n",
        "there is no column beside those with a role; add one with times, or with a counter 1, 2, 3, …",
    ),
    Refused(
        "nothing in the target",
        "time,y\n" + days("", "NA"),
        "column 'y' holds no number; there is nothing to forecast from",
    ),
    Refused(
        "midnights written as UTC",
        "time,y\n2024-03-29T23:00Z,1\n2024-03-30T23:00Z,2\n2024-03-31T22:00Z,3\n2024-04-01T22:00Z,4\n",
        "every stamp is a midnight in Europe/Berlin, written as UTC; say so with --tz Europe/Berlin",
    ),
    Refused(
        "aggregate without a frequency",
        PLAIN,
        "--aggregate needs the step to put the rows on: add --freq 1h, 1D, …",
        {"rules": ReadingRules(aggregate="mean")},
        UsageError,
    ),
    Refused("empty", "", "is empty; a header line and rows of data are needed"),
    Refused("white space only", "\n \n\n", "is empty; a header line and rows of data are needed"),
    Refused("header only", "time,y\n", "has a header (line 1) but no rows of data below it"),
    Refused("only a row cut off", "time,y\n2024-05-01", "has a header but no rows of data below it"),
    Refused(
        "an exponent alone",
        "time,y\n" + days(1, "e3"),
        "line 3, column 'y': expected a number, found 'e3'; mend it, or if it means missing: --missing e3",
    ),
    Refused("header and empty rows", "time,y\n,\n,\n", "has a header but no rows of data below it"),
    Refused(
        "no header",
        days(1, 2),
        "line 1 holds data ('2024-05-01', '1'), not column names; add a header line such as time,load",
    ),
    Refused(
        "binary", b"time\x00\x01\x02\x03\xff,y\n1,2\n", "is not text (it holds NUL bytes); a CSV is needed"
    ),
    Refused(
        "workbook",
        b"PK\x03\x04rest",
        "is a damaged workbook, or an encrypted one (File is not a zip file); save it again",
    ),
    Refused(
        "web page",
        "<!DOCTYPE html><html>",
        "is a web page or XML, not a CSV; was it downloaded without signing in?",
    ),
    Refused("json", '{"a": 1}', "looks like JSON, not a CSV; write one row a line under a header line"),
    Refused("no such column", PLAIN, f"there is no column 'load' (--target); {COLUMNS}", {"target": "load"}),
    Refused(
        "nearly such a column",
        "time,temp_max\n" + days(1, 2),
        "there is no column 'tempmax' (--target); the columns are time, temp_max; did you mean 'temp_max'?",
        {"target": "tempmax"},
    ),
    Refused("no such id", PLAIN, f"there is no column 'store' (--id); {COLUMNS}", {"id": "store"}),
    Refused("no such time", PLAIN, f"there is no column 'when' (--time); {COLUMNS}", {"time": "when"}),
    Refused(
        "no time",
        "a,y\nx,1\nz,2\n",
        "no column holds times (looked at a); add one with times such as 2024-01-31 13:00",
    ),
    Refused(
        "two columns of one name",
        "time,y,y\n2024-05-01,1,2\n2024-05-02,1,2\n",
        "2 columns are called 'y'; rename all but one",
    ),
    Refused(
        "a column in two parts",
        PLAIN,
        "column 'y' is named twice; a column plays one part: time, id, target, known or past",
        {"known": ("y",)},
    ),
    Refused(
        "text",
        "time,y\n" + days(1, "high"),
        "line 3, column 'y': expected a number, found 'high'; mend it, or if it means missing: "
        "--missing high",
    ),
    Refused(
        "number with a unit",
        "time,y\n" + days(1, "2 kW", 3, 4),
        "line 3, column 'y': expected a number, found '2 kW' where other cells have no unit; mend it, or if it means "
        "missing: --missing '2 kW'",
    ),
    Refused(
        "underscores",
        "time,y\n" + days(1, "1_000"),
        "line 3, column 'y': expected a number, found '1_000'; mend it, or if it means missing: "
        "--missing 1_000",
    ),
    Refused(
        "text after line ends in quotes",
        'time,y,n\n2024-05-01,1,"a\nb"\n2024-05-02,high,\n',
        "line 4, column 'y': expected a number, found 'high'; mend it, or if it means missing: "
        "--missing high",
    ),
    Refused(
        "infinite",
        "time,y\n" + days(1, "inf"),
        "line 3, column 'y': expected a finite number, found 'inf'; leave the cell empty if it is unknown",
    ),
    Refused(
        "comma that can be either",
        "time;y\n2024-05-01;1,234\n2024-05-02;5,678\n",
        "line 2, column 'y': '1,234' can be a thousand or a decimal number, and no other cell tells; "
        "say which with --decimal . or --decimal ,",
    ),
    Refused(
        "decimal commas between commas",
        "time,y\n2024-05-01,1\n2024-05-02,2,5\n",
        "line 3 has 3 cells where the header has 2; quote cells that hold the delimiter "
        "(a decimal comma needs another delimiter)",
    ),
    Refused(
        "a quote that never ends",
        'time,y,n\n2024-05-01,1,a\n2024-05-02,2,"b\n2024-05-03,3,c\n',
        "the quotation mark opened in line 3 is never closed",
    ),
    Refused(
        "time missing",
        "time,y\n2024-05-01,1\n,2\n2024-05-03,3\n",
        "line 3, column 'time': the time is missing; give it or delete the row",
    ),
    Refused(
        "a total among the rows",
        PLAIN + "Total,10\n" + days(5, start=5),
        "line 6, column 'time': expected a time (year-month-day, as above it), found 'Total'; the line looks like a "
        "total, and rows follow it",
    ),
    Refused(
        "a day that does not exist",
        "time,y\n2023-02-28,1\n2023-02-29,2\n",
        "line 3, column 'time': expected a time (year-month-day, as above it), found '2023-02-29'",
    ),
    Refused(
        "day and month that can be either",
        "time,y\n01/02/2024,1\n02/02/2024,2\n",
        "every stamp of column 'time' can be read in 2 ways, one of them as 2024-02-01 (day/month/year) or "
        "2024-01-02 (month/day/year); say which: --dates day-first or --dates month-first",
    ),
    Refused(
        "day and month both ways",
        "time,y\n13/02/2024,1\n02/14/2024,2\n",
        "line 3, column 'time': expected a time (day/month/year, as above it), found '02/14/2024'",
    ),
    Refused(
        "an offset here, none there",
        "time,y\n2024-05-01 00:00Z,1\n2024-05-01 01:00,2\n",
        "line 3, column 'time': '2024-05-01 01:00' has no offset, those above it have one; write all in the same way",
    ),
    Refused(
        "offsets of no zone",
        "time,y\n2024-05-01 00:00+01:00,1\n2024-05-01 01:00+02:00,2\n2024-05-01 01:00+01:00,3\n",
        "no zone has all the offsets of its stamps (+01:00 and +02:00; they change first after "
        "2024-04-30T23:00:00Z); name the zone with --tz",
    ),
    Refused(
        "one row",
        "time,y\n2024-05-01,1\n",
        "there is only one row; a frequency shows between two (or give --freq)",
    ),
    Refused(
        "irregular",
        "time,y\n2024-05-01 00:00,1\n2024-05-01 00:05,2\n2024-05-01 00:17,3\n2024-05-01 00:22,4\n",
        "times are irregular: 5 min in 2 of 3 steps, 12 min in 1 of 3 steps, from 5 min to 12 min; 2 stamps off "
        "the clock, the first is 2024-05-01 00:17:00 in line 4; average them with --freq 5min --aggregate mean",
    ),
    Refused(
        "not on the clock that was said",
        "time,y\n2024-05-01 00:00,1\n2024-05-01 01:00,2\n2024-05-01 02:30,3\n",
        "the stamps do not keep --freq h; 1 stamp off the clock, the first is 2024-05-01 02:30:00 in line 4; give "
        "another; or put them together with --aggregate mean",
        {"freq": "1h"},
    ),
    Refused(
        "a stamp far away",
        "time,y\n1970-01-01 00:00,0\n2024-05-01 00:00,1\n2024-05-01 01:00,2\n2024-05-01 02:00,3\n",
        "a gap of 476,255 steps of 1 h between 1970-01-01 (line 2) and 2024-05-01 (line 3); is a stamp wrong, or the "
        "step too short (--freq)?",
    ),
    Refused(
        "a counter by tens",
        "t,y\n10,1\n20,2\n30,3\n",
        "the counter goes up by 10, not by one; number the rows, or give times",
        {"time": "t"},
    ),
    Refused(
        "the same stamps with other values",
        "time,y\n2024-05-01,1\n2024-05-01,2\n2024-05-02,3\n",
        "1 row with the stamp of an earlier row and other values, the first is 2024-05-01 in line 3; "
        "--duplicates mean, first or last settles it",
        {"rules": ReadingRules(duplicates="error")},
    ),
    Refused(
        "several series in one",
        "time,store,y\n"
        + "".join(f"2024-05-0{d},{s},{d}{i}\n" for d in range(1, 6) for i, s in enumerate("ab")),
        "5 rows with the stamp of an earlier row and other values, the first is 2024-05-01 in line 3; does the file "
        "hold several series? name their column with --id store",
    ),
    Refused(
        "a series without a name",
        "time,store,y\n2024-05-01,a,1\n2024-05-02,,2\n",
        "line 3, column 'store': the name of the series is missing",
        {"id": "store"},
    ),
    Refused(
        "a row a year",
        "YEAR,JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC\n1950,1,2,3,4,5,6,7,8,9,10,11,12\n",
        "the table is wide: one row a year and a column a month; read it with --wide",
        {"target": "JAN"},
    ),
    Refused(
        "dates as names",
        "store,2024-01,2024-02,2024-03\na,1,2,3\nb,1,2,3\n",
        "the table is wide: times as column names (2024-01, 2024-02, …); read it with --wide",
        {"target": "2024-01"},
    ),
    Refused(
        "hours as names",
        "date," + ",".join(f"{h:02d}:00" for h in range(24)) + "\n2024-05-01" + ",1" * 24 + "\n",
        "the table is wide: one row a day and a column an hour (00:00, 01:00, …); read it with --wide",
        {"target": "00:00"},
    ),
    Refused(
        "an hour that is skipped",
        "time,y\n2024-03-31 02:00,1\n2024-03-31 03:00,2\n2024-03-31 04:00,3\n",
        "line 3: 2024-03-31 03:00:00 does not exist in Europe/Helsinki (the clock is put forward); --nonexistent "
        "drop leaves it out or, if the clock is never changed, --tz +02:00",
        {"zone": "Europe/Helsinki"},
    ),
    Refused(
        "a doubled hour out of order",
        "time,y\n2024-10-27 03:00,2\n2024-10-27 02:00,1\n2024-10-27 04:00,4\n2024-10-27 03:00,3\n",
        "line 2: 2024-10-27 03:00:00 happens twice in Europe/Helsinki, and the order of the rows does not tell which "
        "is which; sort the file; or give --ambiguous first or --ambiguous second",
        {"zone": "Europe/Helsinki"},
    ),
    Refused(
        "a zone that is none",
        PLAIN,
        "--tz takes a zone such as Europe/Helsinki or +02:00; got 'Europe/Helsingfors'; did you mean "
        "Europe/Helsinki?",
        {"zone": "Europe/Helsingfors"},
        UsageError,
    ),
    Refused(
        "a frequency that is none",
        PLAIN,
        "--freq takes a step such as 15min, 1h, 1D, W-SUN or MS; got 'often'",
        {"freq": "often"},
        UsageError,
    ),
    Refused(
        "a rule that is none",
        PLAIN,
        "--duplicates is one of mean, first, last, error; got 'some'",
        {"rules": ReadingRules(duplicates="some")},
        UsageError,
    ),
]


def reading_of(path: Path, text: str | bytes, options: dict[str, Any]) -> Any:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    roles = {key: options[key] for key in ("target", "time", "id", "known", "past") if key in options}
    rest = {key: value for key, value in options.items() if key not in roles}
    return read(path, Roles(**{"target": "y", **roles}), **rest)


@pytest.mark.parametrize("case", UNDERSTOOD, ids=lambda case: case.name)
def test_a_file_is_understood_and_said(case: Understood, tmp_path: Path) -> None:
    reading = reading_of(tmp_path / "data.csv", case.text, case.options)
    panel = reading.panel
    assert panel.clock.write(panel.times) == case.stamps
    assert panel.target.tolist() == pytest.approx(case.values, nan_ok=True, rel=0, abs=0)
    assert [f"{finding.code}: {finding.message}" for finding in reading.findings] == case.findings
    assert case.freq in (None, panel.clock.freq)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_file_is_refused_in_one_line(case: Refused, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    with pytest.raises(case.error) as caught:
        reading_of(path, case.text, case.options)
    message = str(caught.value)
    assert message.removeprefix(f"{path}: ") == case.message
    assert "\n" not in message


def test_an_absent_file_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "loads.csv").write_text(PLAIN)
    with pytest.raises(DataError, match=r"load\.csv: no such file; did you mean .*loads\.csv\?"):
        read(tmp_path / "load.csv", Roles("y"))


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a directory; give one CSV file in it"):
        read(tmp_path, Roles("y"))


def test_each_series_keeps_its_own_gaps(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(
        "time,store,y\n2024-05-01,a,1\n2024-05-02,a,2\n2024-05-04,a,4\n"
        "2024-05-02,b,20\n2024-05-03,b,30\n2024-05-05,b,50\n2024-05-06,b,60\n"
    )
    reading = read(path, Roles("y", id="store"))
    panel = reading.panel
    assert panel.offsets.tolist() == [0, 4, 9]
    assert panel.target.tolist() == pytest.approx([1, 2, NAN, 4, 20, 30, NAN, 50, 60], nan_ok=True)
    assert panel.clock.write(panel.times[[0, 2, 4, 6]]) == [
        "2024-05-01",
        "2024-05-03",
        "2024-05-02",
        "2024-05-04",
    ]
    assert reading.evidence == "1 day in 3 of 5 steps; 2 gaps"
    assert [finding.message for finding in reading.findings] == [
        "2 gaps: 2 steps of 1 day missing, the first is 2024-05-03 of 'a' (after line 3)"
    ]
