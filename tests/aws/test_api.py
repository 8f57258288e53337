"""The table of AWS calls is complete: it has each call that the adapters make, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

import weco_deploy.aws
from weco_deploy.aws import api
from weco_deploy.aws.api import CALLS, ApiCall, Limit, Resource

ADAPTERS = Path(weco_deploy.aws.__file__).parent
TRANSLATORS = frozenset({"translate_errors", "_translate_errors"})


@cache
def model(client: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(client, "service-2"), client)


@cache
def client_methods() -> frozenset[str]:
    """The methods of the clients of all services that the tool uses, with their operations."""
    clients = {call.client for call in CALLS}
    return frozenset(
        xform_name(operation) for client in clients for operation in model(client).operation_names
    )


def method_called(node: ast.AST) -> str | None:
    """The client's method that an expression calls, directly or through a paginator."""
    match node:
        case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
            return name
        case ast.Call(func=ast.Attribute(attr=name)) if name in client_methods():
            return name
    return None


def methods_called(tree: ast.AST) -> set[str]:
    return {method for node in ast.walk(tree) if (method := method_called(node))}


def translated_call(item: ast.withitem) -> ApiCall | None:
    """The entry of the table in `with translate_errors(api.…)`."""
    match item.context_expr:
        case ast.Call(
            func=ast.Name(id=name) | ast.Attribute(attr=name),
            args=[ast.Attribute(value=ast.Name(id="api"), attr=constant), *_],
        ) if name in TRANSLATORS:
            found: ApiCall = getattr(api, constant)
            return found
    return None


def translated_blocks(tree: ast.AST) -> Iterator[tuple[ApiCall, ast.With]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            yield from ((call, node) for item in node.items if (call := translated_call(item)))


SOURCES = {
    str(path.relative_to(ADAPTERS)): ast.parse(path.read_text()) for path in sorted(ADAPTERS.rglob("*.py"))
}


def test_table_has_each_call_that_the_adapters_make_and_no_other() -> None:
    made = {method for tree in SOURCES.values() for method in methods_called(tree)}

    assert made == {xform_name(call.operation) for call in CALLS}


@pytest.mark.parametrize("source", SOURCES)
def test_each_call_is_made_where_its_own_errors_are_translated(source: str) -> None:
    tree = SOURCES[source]
    translated = set()
    for call, block in translated_blocks(tree):
        assert methods_called(block) <= {xform_name(call.operation)}, f"{source}:{block.lineno}"
        translated |= methods_called(block)

    assert methods_called(tree) == translated


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_each_call_is_an_operation_of_its_service(call: ApiCall) -> None:
    assert call.operation in model(call.client).operation_names
    assert call.resources


def test_calls_and_limits_have_names_of_their_own() -> None:
    limits = {value for value in vars(api).values() if isinstance(value, Limit)}

    assert len({call.name for call in CALLS}) == len(CALLS)
    assert len({limit.name for limit in limits}) == len(limits)
    assert {call.limit for call in CALLS if call.limit} == limits


def test_calls_that_only_read_are_the_ones_whose_names_say_so() -> None:
    reads = ("BatchCheck", "BatchGet", "Describe", "Get", "List", "Query", "Simulate", "TransactGet")
    # Assuming a role changes nothing itself.
    read_only = {call for call in CALLS if call.operation.startswith(reads) or call is api.ASSUME_ROLE}

    assert {call for call in CALLS if not call.changes} == read_only


def test_permission_names_either_resources_or_everything() -> None:
    for call in CALLS:
        assert Resource.ANY not in call.resources or call.resources == (Resource.ANY,)
