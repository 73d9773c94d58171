"""The colours of pictures and pages, which people of every colour vision tell apart, in a light and a dark room."""

from __future__ import annotations

# Blue and orange of Okabe and Ito's palette, dark enough for letters on white, light enough on black; every line has a
# stroke of its own besides, since a printer may know no colour.
LIGHT = {
    "paper": "#ffffff",
    "card": "#f6f7f9",
    "ink": "#1b1f24",
    "soft": "#57606a",
    "grid": "#dfe3e8",
    "forecast": "#0060a8",
    "second": "#b04a00",
    "baseline": "#6a737d",
    "mark": "#a8204e",
}
DARK = {
    "paper": "#14181d",
    "card": "#1d232a",
    "ink": "#e8eaed",
    "soft": "#a9b2bc",
    "grid": "#333b44",
    "forecast": "#62b0f0",
    "second": "#f0953e",
    "baseline": "#939daa",
    "mark": "#ff8fab",
}


def strokes(fine: int = 1) -> str:
    """Return the style by which each shape is drawn; fine: places of the canvas in a pixel."""
    width = {place: f"{place * fine:g}" for place in (1, 1.6, 2, 3, 5, 6, 8, 10)}
    return f""".line{{fill:none;stroke-width:{width[1.6]};stroke-linejoin:round;stroke-linecap:round}}
.dots{{fill:none;stroke-width:{width[3]};stroke-linecap:round;stroke-opacity:.7}}
.points{{fill:none;stroke-width:{width[5]};stroke-linecap:round}}
.actual{{stroke:var(--ink)}}
.forecast{{stroke:var(--forecast)}}
.second{{stroke:var(--second)}}
.baseline{{stroke:var(--baseline)}}
.points.actual{{stroke-width:{width[10]};stroke:var(--baseline);stroke-opacity:.6}}
.line.forecast{{stroke-width:{width[2]}}}
.line.second{{stroke-dasharray:{width[6]} {width[3]}}}
.line.baseline{{stroke-dasharray:{width[2]} {width[3]}}}
.band{{fill:var(--forecast);fill-opacity:.17;stroke:none}}
.bars{{fill:var(--forecast);fill-opacity:.75;stroke:none}}
.rule,.level{{fill:none;stroke:var(--soft);stroke-width:{width[1]};stroke-dasharray:{width[3]} {width[3]}}}
.flag{{fill:var(--mark);fill-opacity:.13;stroke:none}}
.ring{{fill:none;stroke:var(--mark);stroke-width:{width[8]};stroke-opacity:.45;stroke-linecap:round}}
"""


def variables(colours: dict[str, str]) -> str:
    """Declarations of the colours as variables of a style sheet."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def both_rooms() -> str:
    """The variables in the light, in the dark where a reader prefers that, and on paper."""
    light, dark = variables(LIGHT), variables(DARK)
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
    )


def in_light(style: str) -> str:
    """A style sheet with the colours themselves in the place of variables, which converters do not know."""
    for name, colour in LIGHT.items():
        style = style.replace(f"var(--{name})", colour)
    return style
