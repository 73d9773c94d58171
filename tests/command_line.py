"""Runs the program as its users do, in this process or in one of its own, and keeps what it said."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from lstmcast.__main__ import run

PROJECT = Path(__file__).resolve().parent.parent
SAMPLES = PROJECT / "sample_data"
LOAD = SAMPLES / "victoria_load.csv"
NEW = SAMPLES / "victoria_new.csv"


@dataclass(frozen=True)
class Said:
    """How a command ended and what stood on its two streams."""

    code: int
    out: str
    err: str


def lstmcast(*arguments: object) -> Said:
    """Run a command line in this process."""
    streams = [io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2)]
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        code = run([str(argument) for argument in arguments])
    out, err = (stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]
    return Said(code, out, err)


def process(*arguments: object, **changes: str) -> Said:
    """Run a command line in a process of its own, with changes to the environment."""
    done = subprocess.run(
        [sys.executable, "-m", "lstmcast", *map(str, arguments)],
        capture_output=True,
        env={**os.environ, **changes},
        cwd=PROJECT,
        check=False,
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def in_python(code: str) -> str:
    """What a program printed that ran in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=PROJECT, check=True, text=True
    )
    return done.stdout
