"""Recognises misspelt regions, before a call goes to a host that does not exist.

A new region may be missing from botocore's data. Its name still has the form of all others: an area, a direction and a number. So only
a name whose area or direction no region has is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import botocore.session

from weco_deploy.aws.error_translation import translate_boto_errors
from weco_deploy.aws.loader import share_loader
from weco_deploy.errors import UsageError


def check_regions(names: Iterable[str]) -> None:
    """Raise UsageError for the first of these names that can't be a region's."""
    known = _known_regions()
    words = {word for name in known for word in name.split("-")[:-1]}
    for name in dict.fromkeys(names):
        *place, number = name.split("-")
        if name in known or (place and number.isdecimal() and words.issuperset(place)):
            continue
        likely = get_close_matches(name, known, n=1)
        suggestion = f"did you mean {likely[0]}? " if likely else ""
        raise UsageError(
            f"there is no AWS region {name!r}",
            f"{suggestion}correct --region-name, or region_name in the project file",
        )


def _known_regions() -> list[str]:
    """The regions of all partitions, by botocore's endpoint data."""
    with translate_boto_errors():
        session = botocore.session.Session(include_builtin_handlers=False)  # which take 20 ms to register
        share_loader(session)
        partitions = session.get_data("endpoints")["partitions"]
    return sorted(region for partition in partitions for region in partition["regions"])
