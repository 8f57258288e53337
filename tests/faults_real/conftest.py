"""These tests take minutes; run them with `make test-faults`."""

from __future__ import annotations

from tests.sandboxes import sandbox_host

__all__ = ["sandbox_host"]
