"""Cuts a text that is too long for a line, without cutting a word in two."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def cut_at_word(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` if it fits into `width` columns; otherwise its first words and an ellipsis.

    A first word that is longer than the line is the only one that is cut.
    """
    if cell_len(text) <= width:
        return text
    room = max(0, width - cell_len(ellipsis))
    kept = set_cell_size(text, room)
    if not text.startswith(kept):  # rich puts a space in the place of half a wide character
        kept = kept[:-1]
    if not text[len(kept) :].startswith(" ") and " " in kept.strip():
        kept = kept[: kept.rindex(" ")]
    return set_cell_size(kept.rstrip(" ,:;") + ellipsis, width).rstrip()
