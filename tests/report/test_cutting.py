from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from weco_deploy.report.cutting import cut_at_word


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("tasks start", 11, "tasks start"),
        ("tasks start now", 14, "tasks start…"),
        ("tasks start now", 11, "tasks…"),
        ("tasks start, now", 13, "tasks start…"),
        ("tasks", 3, "ta…"),
        ("日本語 です", 8, "日本語…"),
        ("a b日日", 5, "a…"),
        ("", 5, ""),
    ],
)
def test_text_is_cut_between_words(text: str, width: int, cut: str) -> None:
    assert cut_at_word(text, width) == cut


@given(st.text(alphabet="ab ,日", max_size=30), st.integers(1, 20))
def test_cut_text_fits_and_ends_with_a_whole_word(text: str, width: int) -> None:
    cut = cut_at_word(text, width)

    assert cell_len(cut) <= width
    kept, words = cut.removesuffix("…"), text.split()
    if cut != text and len(kept.split()) > 1:
        last = kept.split()[-1]
        assert words[len(kept.split()) - 1].rstrip(",") == last.rstrip(",")
