"""botocore's loader of service models, shared by all sessions of the process.

Reading the models takes most of the time that a first client needs, so they are read once. botocore's own loader
changes its cache without a lock. Ours has a lock, because any thread may make clients and paginators.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader

if TYPE_CHECKING:
    import botocore.session

_LOCK = threading.Lock()


class SharedLoader(Loader):
    """A thread-safe loader. Clients and paginators load everything through these two methods."""

    def __init__(self, search_paths: list[str]) -> None:
        super().__init__(extra_search_paths=search_paths)
        self._lock = threading.RLock()

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        with self._lock:
            return super().load_service_model(service_name, type_name, api_version)

    def load_data_with_path(self, name: str) -> Any:
        with self._lock:
            return super().load_data_with_path(name)


def share_loader(session: botocore.session.Session) -> None:
    """Make the session use the process's loader. There is one loader for each configured `data_path`."""
    data_path: str | None = session.get_config_variable("data_path")
    with _LOCK:
        loader = _loader(data_path)
    session.register_component("data_loader", loader)


@cache
def _loader(data_path: str | None) -> SharedLoader:
    paths = data_path.split(os.pathsep) if data_path else []
    return SharedLoader([str(Path(os.path.expandvars(path)).expanduser()) for path in paths])
