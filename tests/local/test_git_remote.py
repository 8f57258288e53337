"""Fetches from the remote by several threads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from weco_deploy.local import git_remote
from weco_deploy.local.git_remote import Remote

IN_TIME = 60.0


class WatchedLock:
    """A lock that counts who asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.asked = threading.Semaphore(0)

    def __enter__(self) -> None:
        self.asked.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_fetch_that_another_thread_makes_meanwhile_counts_for_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fetches: list[str] = []
    released = threading.Event()

    def run_git(_: Path, *arguments: str, **__: object) -> str:
        if "fetch" in arguments:
            fetches.append(threading.current_thread().name)
            assert released.wait(IN_TIME)
        return "origin" if arguments == ("remote",) else "false"

    monkeypatch.setattr(git_remote, "run_git", run_git)
    remote, lock = Remote(tmp_path), WatchedLock()
    monkeypatch.setattr(remote, "_lock", lock)
    fetched: list[bool] = []
    threads = [
        threading.Thread(target=lambda: fetched.append(remote.fetch(1.0)))  # noqa: TID251 - joined below
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    both_asked = [lock.asked.acquire(timeout=IN_TIME) for _ in threads]
    released.set()
    for thread in threads:
        thread.join(IN_TIME)

    assert both_asked == [True, True]
    assert (fetched, len(fetches)) == ([True, True], 1)
    assert not remote.fetch(1.0)  # once is enough
