"""Uploads the pages of a site."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from weco_deploy.ports import Ports, SiteStore


def upload_site(ports: Ports, store: SiteStore, pages: Mapping[str, str], first: str) -> None:
    """Write the pages, and the one that readers begin with last, so that its links lead to pages that are there."""
    others = [path for path in pages if path != first]
    # Nothing depends on whether a page was written, so nothing waits for these calls after a signal: as with reads.
    ports.calls.read(partial(store.put, path, pages[path]) for path in others)
    ports.calls.answer(ports.calls.begin(partial(store.put, first, pages[first])))
