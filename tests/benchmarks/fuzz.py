"""Command lines that nobody means, as many as asked for: none may be a bug of ours, or end in an unknown exit code.

python -m tests.benchmarks.fuzz [COUNT] [SECONDS] [SEED]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzzed import bases, lines, restored, run, wrong


def main(count: int = 100_000, seconds: float = 1e9, seed: int = 1) -> int:
    """Print what is wrong, and how many ended how; returns how many were wrong."""
    os.environ["XDG_CONFIG_HOME"] = os.devnull
    began, codes, told = time.monotonic(), Counter[str](), dict[str, str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = bases(folder)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        for number, line in enumerate(lines(words, seed)):
            if number >= count or time.monotonic() - began > seconds:
                break
            said = run(line, folder)
            codes["slow" if said is None else str(said.code)] += 1
            if (found := wrong(said)) is not None:
                shown = " ".join(str(word)[:40] for word in line).replace(name + "/", "")
                if found not in told:
                    print(f"{shown}\n    {found}", flush=True)
                told.setdefault(found, shown)
            restored(folder, files)
    print(
        f"{sum(codes.values()):,} command lines in {time.monotonic() - began:.0f} s, {len(told)} kinds of wrong"
    )
    print("by exit code:", dict(sorted(codes.items())))
    return len(told)


if __name__ == "__main__":
    sys.exit(main(*(float(word) if "." in word else int(word) for word in sys.argv[1:])) > 0)  # type: ignore[arg-type]
