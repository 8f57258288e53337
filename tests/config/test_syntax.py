"""Files that can't be read, and text that is not valid YAML."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.conftest import Load, Problems
from weco_deploy.config import load
from weco_deploy.config.location import MAX_BYTES
from weco_deploy.config.syntax import MAX_DEPTH, MAX_VALUES
from weco_deploy.errors import ProjectFileError

GOOD = "shop: {environments: [{id: stage}], image_repositories: [{id: web}]}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

NOT_YAML = {
    "a tab": ("shop:\n\tname: x\n", "line 2: found a tab, expected spaces: YAML does not allow tabs there"),
    "an open bracket": (
        "shop: [a,\n",
        "line 2: not valid YAML while parsing a flow node: "
        "expected the node content, but found '<stream end>', at column 1",
    ),
    "two values on a line": (
        "shop: a: b\n",
        "line 1: not valid YAML: mapping values are not allowed here, at column 8",
    ),
    "a NUL byte": (
        "shop:\n  na\0me: x\n",
        "line 2: found a NUL byte, expected text: is this the right file?",
    ),
    "a control character": (
        "shop: \x07\n",
        "line 1: found the character U+0007, expected text: is this the right file?",
    ),
    "an escape out of range": (
        'a: b\nshop: "\\UFFFFFFFF"\n',
        "line 2: not valid YAML: an escape or a number is out of range",
    ),
    "two documents": (f"{GOOD}---\n{GOOD}", "line 2: found a second document (---), expected one"),
    "an unknown alias": ("a: *b\n", "line 1, a: found the alias *b, expected an anchor &b before it"),
    "an endless alias": ("a: &b\n- *b\n", "line 2, a[0]: found the alias *b inside what it names"),
    "an alias bomb": (BOMB, f"line 5, e[0]: found more than {MAX_VALUES} values, aliases spelled out"),
    "too many values": (
        "a:\n" + "- b\n" * MAX_VALUES,
        f"line {MAX_VALUES - 1}, a[{MAX_VALUES - 3}]: found more than {MAX_VALUES} values, aliases spelled out",
    ),
    "lists in lists": (
        "a: " + "[" * 100_000,
        f"line 1, a[0][0][0]: found more than {MAX_DEPTH} levels of nesting",
    ),
    "mappings in keys": ("? " * 5_000 + "a", f"line 1: found more than {MAX_DEPTH} levels of nesting"),
}

UNUSUAL_YAML = {
    "a key given twice": (
        f"{GOOD}other: x\nother: y\n",
        "line 3, other: found the key twice, first on line 2",
    ),
    "a list as a key": (f"? [a, b]\n: x\n{GOOD}", "line 1: found a list as a key, expected text"),
    "a tag": (
        "--- !!python/name:os.system\n" + GOOD,
        "line 1: found the YAML tag 'tag:yaml.org,2002:python/name:os.system', expected a value without one",
    ),
    "half a surrogate pair": (
        '"\\ud800": x\n' + GOOD,
        "line 1: found half of a surrogate pair, expected text",
    ),
    "a merge of text": (
        GOOD.replace("shop: {", "shop: {<<: x, "),
        "line 1, shop['<<']: found 'x', expected a mapping to merge",
    ),
}


@pytest.mark.parametrize(("text", "problem"), NOT_YAML.values(), ids=NOT_YAML.keys())
def test_invalid_yaml_is_a_single_problem_with_its_line(problems: Problems, text: str, problem: str) -> None:
    assert problems(text) == (problem,)


@pytest.mark.parametrize(("text", "problem"), UNUSUAL_YAML.values(), ids=UNUSUAL_YAML.keys())
def test_unusual_yaml_is_a_problem_among_others(problems: Problems, text: str, problem: str) -> None:
    assert problem in problems(text)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff", "~\n"])
def test_empty_file_error_suggests_a_smallest_file(loaded: Load, text: str) -> None:
    with pytest.raises(ProjectFileError, match=r"\.wellcome_project is empty") as caught:
        loaded(text)
    _, _, smallest = caught.value.hint.partition("begin with: ")
    assert list(loaded(smallest).projects) == ["my_project"]


def test_not_utf_8_error_names_the_line_and_the_byte(problems: Problems) -> None:
    assert problems(b"shop:\n  name: caf\xe9\n") == ("line 2: found the byte 0xe9, expected UTF-8",)


def test_file_larger_than_the_limit_is_refused(loaded: Load) -> None:
    with pytest.raises(ProjectFileError, match="larger than 1 MB"):
        loaded("#" * 5_000_000)


def test_file_of_exactly_the_limit_is_read(loaded: Load) -> None:
    assert loaded(GOOD + "#" * (MAX_BYTES - len(GOOD))).project(None).id == "shop"


def test_missing_file_error_names_the_flag(tmp_path: Path) -> None:
    with pytest.raises(
        ProjectFileError, match=r"can't read the project file .*: it does not exist"
    ) as caught:
        load(tmp_path / "nothing")
    assert "--project-file" in caught.value.hint


def test_directory_instead_of_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectFileError, match="it is a directory"):
        load(tmp_path)


def test_file_used_as_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ProjectFileError, match="a part of its path is not a directory"):
        load(tmp_path / "file" / "x")


def test_link_to_itself_is_an_error(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(ProjectFileError, match="a symbolic link that leads back to itself"):
        load(link)


def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(GOOD)
    path.chmod(0)
    with _not_as_root(), pytest.raises(ProjectFileError, match="you may not read it"):
        load(path)


@contextmanager
def _not_as_root() -> Iterator[None]:
    """Become another user if root runs the tests, because root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


YAMLISH = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *"\n\r\t :-?[]{},&*!|>%@`'\"#~=.<",
                *(
                    "\n  ",
                    "\n    ",
                    "- ",
                    ": ",
                    "<<: ",
                    "--- ",
                    "!!str ",
                    "&a ",
                    "*a ",
                    "\\ud800",
                    "\\U99999999",
                ),
                *("shop", "environments", "image_repositories", "services", "id", "requires", "name", "null"),
                *(
                    "<id>",
                    "<ids>",
                    "<mapping>",
                    "[key]",
                    "%YAML 1.1",
                    "%TAG ! x",
                    "!<",
                    "%41",
                    "\ufeff",
                    "é",
                    "😀",
                ),
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=40,
).map("".join)

VALUES = st.recursive(
    st.sampled_from(["stage", "prod", "'a b'", "~", "''", "<id>", "111122223333", "eu-west-1", '"\\ud800"']),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(
            st.tuples(
                st.sampled_from(
                    [
                        *(
                            "environments",
                            "image_repositories",
                            "services",
                            "id",
                            "requires",
                            "name",
                            "role_arn",
                        ),
                        *(
                            "clusters",
                            "account_id",
                            "on_failure",
                            "repository",
                            "<id>",
                            "<mapping>",
                            "'[key]'",
                            "x",
                        ),
                    ]
                ),
                inner,
            ),
            max_size=5,
        ).map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"),
    ),
    max_leaves=25,
)


def _load_or_fail_with_printable_text(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        file = load(path)
    except ProjectFileError as error:
        text = error.message
    else:
        assert file.projects
        text = "\n".join(file.warnings)
    assert all(line.isprintable() for line in text.splitlines())


@settings(max_examples=3 * settings().max_examples)
@given(text=st.one_of(YAMLISH, VALUES))
def test_any_text_loads_or_raises_a_project_file_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any_text"
    _load_or_fail_with_printable_text(path, text.encode("utf-8", "surrogatepass"))


@given(content=st.binary(max_size=200))
def test_any_bytes_load_or_raise_a_project_file_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    _load_or_fail_with_printable_text(tmp_path_factory.getbasetemp() / "any_bytes", content)
