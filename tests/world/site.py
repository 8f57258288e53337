"""Pages in S3."""

from __future__ import annotations

from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.model.bucket import Bucket


class WorldSite:
    """The port SiteStore, for one run of the tool. It writes into `pages`, by URL."""

    def __init__(self, pages: dict[str, str], bucket: Bucket, gate: Gate, run: Run) -> None:
        self._pages = pages
        self._bucket = bucket
        self._gate = gate
        self._run = run

    def put(self, path: str, page: str) -> None:
        with self._gate.passing(self._run, "site.put", path):
            self._pages[f"s3://{self._bucket.name}/{self._bucket.key(path)}"] = page
