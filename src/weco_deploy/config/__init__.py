"""Loads the project file, `.wellcome_project`: returns its projects, or raises one error with all of its problems.

    find, read      looks upwards from the working directory; at most 1 MB    location.py
    parse           YAML text → nodes, which know their lines and paths       syntax.py, nodes.py
    validate        keys and types (pydantic), valid ids and names            schema.py, field_types.py,
                                                                              patterns.py, validation.py
    compare         duplicates, requirements, names that AWS refuses,
                    templates of names,
                    tags and tables that projects share                       outline.py → consistency.py, templates.py,
                                                                              sharing.py
    unknown keys    warnings with the likely spelling                         spelling.py
    build           entries → Project                                         project_file.py, which calls all of these
    write           Project → YAML text                                       writing.py

Editors get a JSON Schema of the file, made from the same keys and types: editor_schema.py. Completion of
command lines reads only ids: ids.py. It must be quick, so this package imports pydantic when it is first needed.

A syntax error ends loading at once. All other problems are collected and reported in the order of the file, each with
its line, its path and the expected value.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weco_deploy.config.editor_schema import json_schema
    from weco_deploy.config.location import PROJECT_FILE, find
    from weco_deploy.config.project_file import ProjectFile, load, load_text
    from weco_deploy.config.writing import project_text

__all__ = ["PROJECT_FILE", "ProjectFile", "find", "json_schema", "load", "load_text", "project_text"]

_MODULES = {
    "PROJECT_FILE": "location",
    "ProjectFile": "project_file",
    "find": "location",
    "json_schema": "editor_schema",
    "load": "project_file",
    "load_text": "project_file",
    "project_text": "writing",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
