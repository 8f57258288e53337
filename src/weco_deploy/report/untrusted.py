"""Makes untrusted text (from AWS, container logs, commit messages) safe for a terminal and for the log of a build."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(
    r"""(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]            # CSI: colours, cursor movements
      | (?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)  # OSC: window titles, links, the clipboard
      | (?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]*(?:\x1b\\|\x9c)  # DCS, SOS, PM, APC: strings for the terminal
      | \x1b[ -/]*[0-~]                             # the short ones
    """,
    re.VERBOSE,
)

# Commands that build systems take from a log: GitHub's `::error::` at the beginning of a line, which may be any word of a text that is
# wrapped, and `##[error]`, Azure's `##vso[` and TeamCity's `##teamcity[` anywhere.
_BUILD_COMMANDS = re.compile(r"(?<!\S):(?=:[\w-])|#(?=#(?:vso|teamcity)?\[)")


def one_line(text: str) -> str:
    """`text` on one line, without escape sequences, control characters and marks that change the text's direction.

    White space becomes single spaces, and surrogates become U+FFFD. A space makes commands to a build system harmless.
    """
    without_escapes = _ESCAPES.sub("", text)
    flat = " ".join("".join(_harmless(character) for character in without_escapes).split())
    return without_build_commands(flat)


def log_line(text: str) -> str:
    """A log line made safe like `one_line`, but with its indentation and spaces."""
    without_escapes = _ESCAPES.sub("", text)
    harmless = "".join(_harmless(character) for character in without_escapes.expandtabs(4)).rstrip()
    return without_build_commands(harmless)


def without_build_commands(text: str) -> str:
    """`text` with a space in each command to a build system: `: :error::`, `# #[error]`."""
    return _BUILD_COMMANDS.sub(r"\g<0> ", text)


def _harmless(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in {"Cc", "Cf"}:
        return ""
    return "\N{REPLACEMENT CHARACTER}" if category == "Cs" else character
