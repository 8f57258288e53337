"""The ids of the releases that the last commands showed, for completion: a small file in the user's cache directory.

It is best effort. A cache that can't be read is empty, and one that can't be written stays as it is.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_MOST = 50  # for each project: more are no help in a list


def _path() -> Path:
    """The XDG base directory specification ignores relative paths in XDG_CACHE_HOME."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    directory = given if given.is_absolute() else Path("~/.cache").expanduser()
    return directory / "weco-deploy" / "releases.json"


def cached_releases() -> Mapping[str, Sequence[str]]:
    """The release ids by project id, the last shown first."""
    with suppress(OSError, ValueError, RuntimeError):
        content = json.loads(_path().read_bytes())
        if isinstance(content, dict):
            return {
                project_id: [text for text in ids if isinstance(text, str)]
                for project_id, ids in content.items()
                if isinstance(ids, list)
            }
    return {}


def cache_releases(shown: Mapping[str, Sequence[str]]) -> None:
    """Put release ids, by project id, in front of the cached ones."""
    before = cached_releases()
    after = {
        **before,
        **{
            project_id: list(dict.fromkeys([*ids, *before.get(project_id, ())]))[:_MOST]
            for project_id, ids in shown.items()
        },
    }
    if after == before:
        return
    with suppress(OSError, ValueError, RuntimeError):
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(after, file)
            Path(name).replace(path)  # at once, because several commands may write
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
