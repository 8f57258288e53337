"""Answers of reads that may fail without keeping others from being made."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from weco_deploy.errors import DeployError

T = TypeVar("T")

Answer: TypeAlias = T | DeployError
"""What was read, or the error that kept it from being read."""
