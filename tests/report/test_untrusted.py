from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weco_deploy.report.untrusted import log_line, one_line

HARMFUL = st.text(alphabet=st.sampled_from("\x1b\x07\x9b\x9d[]0;mPX^_\\\r\n\t ab\u202e\ud800\u2028\x85"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;a title\x07after", "after"),
        ("\x1b]8;;http://link.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r\x1b\\after", "after"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("\x1b]0;never ended", "0;never ended"),
        ("good\rbad", "good bad"),
        ("two\nlines\tand tab", "two lines and tab"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("half \ud800 a pair", "half � a pair"),
        ("[bold]markup[/bold] :smile:", "[bold]markup[/bold] :smile:"),
        ("Œuvres 日本語", "Œuvres 日本語"),
        ("::error::no", ": :error::no"),
        ("fix ::stop-commands::x", "fix : :stop-commands::x"),
        ("a ##[add-mask]e", "a # #[add-mask]e"),
        ("##vso[task.complete]", "# #vso[task.complete]"),
        ("std::string, arn:aws:s3:::bucket, ## title", "std::string, arn:aws:s3:::bucket, ## title"),
    ],
)
def test_untrusted_text_is_shown_without_escapes(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_log_line_keeps_its_indentation() -> None:
    assert log_line("  File\t'a b'  here\n") == "  File  'a b'  here"


def test_log_line_gives_no_command_to_a_build_system() -> None:
    assert log_line("  ::error::no") == "  : :error::no"
    assert log_line("a ##[error]no") == "a # #[error]no"


@given(st.one_of(HARMFUL, st.text(st.characters())))
def test_untrusted_text_keeps_no_control_character(text: str) -> None:
    for shown in (one_line(text), log_line(text)):
        assert len(shown.splitlines()) <= 1
        assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        shown.encode()
