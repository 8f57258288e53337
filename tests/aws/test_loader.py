"""botocore's models are loaded once for the process, by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor  # noqa: TID251 - the loader is used from several threads
from contextlib import suppress
from typing import Any

import pytest
from botocore.loaders import Loader

from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login

MEETS_WITHIN = 0.3
"""How long a thread waits in the loader for a second thread."""


def watch_loader(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Records what two threads load at the same time, from now on."""
    meeting = threading.Barrier(2, timeout=MEETS_WITHIN)
    met: list[str] = []

    def watched(load: Callable[..., Any]) -> Callable[..., Any]:
        def load_and_watch(loader: Loader, *names: str) -> Any:
            with suppress(threading.BrokenBarrierError):
                meeting.wait()
                met.append("/".join(str(name) for name in names))
            return load(loader, *names)

        return load_and_watch

    for method in ("load_service_model", "load_data_with_path"):
        monkeypatch.setattr(Loader, method, watched(getattr(Loader, method)))
    return met


@pytest.mark.usefixtures("aws")
def test_two_logins_never_load_models_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    met = watch_loader(monkeypatch)
    accounts = [Login(StillClock(), Rates()).account("eu-west-1") for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda account: account.client("ecs"), accounts))

    assert met == []


@pytest.mark.usefixtures("aws")
def test_paginators_never_load_models_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Login(StillClock(), Rates()).account("eu-west-1").client("ecs")
    met = watch_loader(monkeypatch)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(client.get_paginator, ["list_clusters", "list_services"]))

    assert met == []
