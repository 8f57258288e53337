"""Writes the pages of the board to where the user wants them: a directory, or a place in S3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weco_deploy.ports import Ports

INDEX = "index.html"


def write_board(place: str, pages: Mapping[str, str], ports: Ports) -> None:
    """Write the pages. Raises DeployError if that fails; some may be written then."""
    from weco_deploy.local.site_files import write_site
    from weco_deploy.model.bucket import bucket_of
    from weco_deploy.operations.upload_site import upload_site

    bucket = bucket_of(place)
    if bucket is None:
        write_site(Path(place), pages)
    else:
        upload_site(ports, ports.site(bucket), pages, INDEX)
