"""How long `weco-deploy --help` takes, compared with importing click, which it can't do without.

    python benchmarks/startup.py [runs]

Prints the medians in milliseconds and their ratio, which should stay below 2.2. Run it where the package is
installed (or with PYTHONPATH=src), on a machine that does nothing else.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 31
CLICK = ("-c", "import click")
HELP = ("-m", "weco_deploy", "--help")


def milliseconds(arguments: tuple[str, ...]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    # One after the other in turns, so that both have the same luck with the machine.
    pairs = [(milliseconds(CLICK), milliseconds(HELP)) for _ in range(runs)]
    click, help_ = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = f"ratio {help_ / click:.2f} ({runs} runs)"
    sys.stdout.write(f"import click {click:.0f} ms, weco-deploy --help {help_:.0f} ms, {ratio}\n")


if __name__ == "__main__":
    main()
