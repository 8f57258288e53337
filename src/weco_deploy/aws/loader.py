"""botocore's loader of service models, shared by all sessions of the process.

Reading the models is most of what a first client costs, so they are read once. botocore's own loader fills its cache,
and merges into what it has cached, without a lock; ours has one, because clients and paginators are made in any thread.
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
    """A loader that several threads may use. All that clients and paginators load comes through these two methods."""

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
    """Make a session load models with the process's loader (one for each `data_path` that is configured)."""
    data_path: str | None = session.get_config_variable("data_path")
    with _LOCK:
        loader = _loader(data_path)
    session.register_component("data_loader", loader)


@cache
def _loader(data_path: str | None) -> SharedLoader:
    paths = data_path.split(os.pathsep) if data_path else []
    return SharedLoader([str(Path(os.path.expandvars(path)).expanduser()) for path in paths])
