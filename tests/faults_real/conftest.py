"""These tests take minutes, and are run by `make test-faults`."""

from __future__ import annotations

from tests.sandboxes import sandbox_host

__all__ = ["sandbox_host"]
