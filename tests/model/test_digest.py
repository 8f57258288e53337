"""Digests shortened for people."""

from __future__ import annotations

from weco_deploy.model.digest import short_digest, short_hash

DIGEST = "sha256:0123456789abcdef"


def test_short_digest_keeps_the_algorithm_and_twelve_characters() -> None:
    assert short_digest(DIGEST) == "sha256:0123456789ab"


def test_short_hash_is_twelve_characters_without_the_algorithm() -> None:
    assert short_hash(DIGEST) == "0123456789ab"
