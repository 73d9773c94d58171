"""The options of a training of groups: by which columns, and who trains them."""

from __future__ import annotations

from typing import Annotated

import typer

GROUPS = "Groups"
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="A,B",
        help="train a model for each group of these columns [none]",
        rich_help_panel=GROUPS,
    ),
]
Jobs = Annotated[
    str | None,
    typer.Option(
        "--jobs",
        metavar="N",
        help="groups that are trained at a time [--threads, or the cores]",
        rich_help_panel=GROUPS,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="train groups on a dask cluster: tcp://host:8786, or local:N [none]",
        is_eager=True,  # said anew each time: tasks are code, which no file of settings may send somewhere
        rich_help_panel=GROUPS,
    ),
]
AllowMixed = Annotated[
    bool,
    typer.Option(
        "--allow-mixed",
        help="take workers of other versions, whose last bits may differ",
        rich_help_panel=GROUPS,
    ),
]
MaxFailures = Annotated[
    str | None,
    typer.Option(
        "--max-failures",
        metavar="N",
        help="stop once more than N groups have failed [all are tried]",
        rich_help_panel=GROUPS,
    ),
]
