from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weco_deploy.report.markdown import code_block, escaped, folded, table

HARMFUL = st.text(st.sampled_from("a <>&*_`[]()!#|@~-+:/\\\n\r\x1b.w"), max_size=30)


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("plain words", "plain words"),
        ("<img src=x>", "\\<img src=x\\>"),
        ("[click](https://evil.example)", "\\[click\\]\\(https:\u200b//evil.example\\)"),
        ("a | b", "a \\| b"),
        ("fixes @ada", "fixes @\u200bada"),
        ("`code` **bold** &lt;", "\\`code\\` \\*\\*bold\\*\\* &amp;lt;"),
        ("two\nlines", "two lines"),
        ("www.evil.example", "www\u200b.evil.example"),
    ],
)
def test_text_of_others_is_shown_as_it_is(text: str, markdown: str) -> None:
    assert escaped(text) == markdown


@given(HARMFUL)
def test_escaped_text_has_no_bare_character_of_markup(text: str) -> None:
    markup = escaped(text).replace("\\\\", "")
    assert "\n" not in markup
    for mark in "<>*_`[]|#":
        assert markup.count(mark) == markup.count(f"\\{mark}")


@given(st.lists(HARMFUL, max_size=4))
def test_every_line_of_a_code_block_is_indented(lines: list[str]) -> None:
    text = "\n".join(code_block(lines))
    assert all(not line or line.startswith("    ") for line in text.split("\n"))


def test_very_long_log_lines_are_cut() -> None:
    assert max(map(len, code_block(["x" * 10_000]))) < 600


def test_cells_of_a_table_are_escaped_and_an_empty_table_is_nothing() -> None:
    assert list(table(("name",), [("a|b",)])) == ["", "| name |", "|---|", "| a\\|b |", ""]
    assert list(table(("name",), [])) == []


def test_nothing_is_folded_if_there_is_nothing() -> None:
    assert list(folded("rest", [])) == []
    assert list(folded("rest", ["a"])) == ["<details><summary>rest</summary>", "", "a", "", "</details>"]
