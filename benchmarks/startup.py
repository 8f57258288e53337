"""Measures how long `weco-deploy --help` takes, relative to importing click, which it always needs.

    python benchmarks/startup.py [runs]

Prints the medians in milliseconds and their ratio, which should stay below 2.2. Run it with the package
installed (or with PYTHONPATH=src), on an idle machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 31
IMPORT_CLICK = ("-c", "import click")
SHOW_HELP = ("-m", "weco_deploy", "--help")


def milliseconds(arguments: tuple[str, ...]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    # Alternates between the two, so that other load on the machine affects both alike.
    pairs = [(milliseconds(IMPORT_CLICK), milliseconds(SHOW_HELP)) for _ in range(runs)]
    click_ms, help_ms = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = f"ratio {help_ms / click_ms:.2f} ({runs} runs)"
    sys.stdout.write(f"import click {click_ms:.0f} ms, weco-deploy --help {help_ms:.0f} ms, {ratio}\n")


if __name__ == "__main__":
    main()
