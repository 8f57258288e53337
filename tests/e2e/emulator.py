"""MiniStack, whose ECR names its repositories as the container engine can pull them: `localhost:<port>/<name>`.

It runs as `python -m tests.e2e.emulator DIRECTORY`. AWS's own names of registries lead to AWS, also in an engine on this machine.
"""

from __future__ import annotations

import os

from weco_deploy.sandbox import emulator


def main() -> None:
    """Run MiniStack in this process, until the parent ends."""
    from ministack.services import ecr  # reads its settings when imported

    registry = f"localhost:{os.environ['GATEWAY_PORT']}"
    ecr._repo_uri = lambda name: f"{registry}/{name}"  # MiniStack has no setting for it
    emulator.main()


if __name__ == "__main__":
    main()
