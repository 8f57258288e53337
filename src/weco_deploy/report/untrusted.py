"""Makes untrusted text (from AWS, container logs, commit messages) safe for a terminal."""

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


def one_line(text: str) -> str:
    """`text` on one line, without escape sequences, control characters and marks that change the text's direction.

    White space becomes single spaces, and surrogates become U+FFFD.
    """
    without_escapes = _ESCAPES.sub("", text)
    return " ".join("".join(_harmless(character) for character in without_escapes).split())


def log_line(text: str) -> str:
    """A log line made safe like `one_line`, but with its indentation and spaces."""
    without_escapes = _ESCAPES.sub("", text)
    return "".join(_harmless(character) for character in without_escapes.expandtabs(4)).rstrip()


def _harmless(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in {"Cc", "Cf"}:
        return ""
    return "\N{REPLACEMENT CHARACTER}" if category == "Cs" else character
