"""Writes `written_by_5_7_4.json`: `python -m tests.legacy.write_history PYTHON`.

PYTHON is the interpreter of an environment with weco-deploy 5.7.4, such as `make test-e2e` makes. Uses a sandbox of
its own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.legacy import history
from tests.legacy.published import Published
from weco_deploy.sandbox import running


def main() -> None:
    python = Path(sys.argv[1]).absolute()
    team = history.project(history.ACCOUNT)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        sandbox = running.start([team], directory / "sandbox")
        try:
            published = Published(python, sandbox.environment(), directory)
            published.open(team)
            releases = history.make_history(published, sandbox)
            history.write(history.collect(sandbox, published, releases))
        finally:
            sandbox.stop()


if __name__ == "__main__":
    main()
