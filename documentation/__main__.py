"""Writes the generated pages of docs/reference."""

from __future__ import annotations

from pathlib import Path

from documentation.reference import PAGES

for path, text in PAGES.items():
    Path(path).write_text(text(), encoding="utf-8")
