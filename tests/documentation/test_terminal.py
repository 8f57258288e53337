"""A command runs in a real terminal, and its screen is kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from documentation.terminal import Screen, run


def terminal(program: str, directory: Path, **options: object) -> Screen:
    return run(
        [sys.executable, "-c", program],
        columns=40,
        rows=5,
        directory=directory,
        environment=os.environ,
        **options,  # type: ignore[arg-type]  # `until`
    )


def test_screen_shows_what_is_left_after_drawing_over(tmp_path: Path) -> None:
    screen = terminal("print('first\\r\\x1b[Ksecond')", tmp_path)

    assert (screen.text.plain, screen.code) == ("second", 0)


def test_command_sees_the_size_of_the_terminal(tmp_path: Path) -> None:
    screen = terminal("import os; print(*os.get_terminal_size(1)); raise SystemExit(3)", tmp_path)

    assert (screen.text.plain, screen.code) == ("40 5", 3)


def test_screen_is_kept_at_the_moment_that_is_waited_for(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    program = f"import os; print('half', flush=True)\nwhile not os.path.exists({str(seen)!r}): pass\nprint('\\x1b[2Jwhole')"

    def half(text: str) -> bool:
        if shown := "half" in text:
            seen.touch()
        return shown

    assert terminal(program, tmp_path, until=half).text.plain == "half"


def test_screen_that_never_comes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="never showed"):
        terminal("print('something else')", tmp_path, until=lambda text: "half" in text)


def test_image_has_the_colours_and_loads_nothing(tmp_path: Path) -> None:
    svg = terminal("print('\\x1b[1;32mgreen\\x1b[0m')", tmp_path).svg("a title", 40)

    assert ">green</text>" in svg
    assert ">a&#160;title</text>" in svg
    assert "font-weight: bold" in svg
    assert "url(" not in svg.replace("url(#", "")
