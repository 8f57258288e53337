"""boto3's clients in front of a simulation, in the same process.

A client has the methods of boto3's (`describe_services(**request)`), its paginators, and raises what it raises:
ParamValidationError for a request that AWS's model does not allow, ClientError for an error answer. What boto3 does
between the two (credentials, retries, JSON) does not happen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial

from botocore.exceptions import ClientError, ParamValidationError
from botocore.paginate import Paginator

from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.model import service_model
from weco_deploy.sandbox.ecs.simulation import Simulation
from weco_deploy.sandbox.ecs.state import Json


class Client:
    """A client of one service, account and region.

    Args:
        simulation: what it talks to.
        service: boto3's name of the service: a key of `model.PREFIXES`.
        account: 12 digits.
        region: its name.
        now: tells the time of each request.
        caller: the ARN of whoever calls; empty: the account's root.
        checks_requests: whether requests are checked by AWS's model, as boto3 does.
        checks_answers: whether answers are checked by AWS's model; a fault is an AssertionError.

    """

    def __init__(
        self,
        simulation: Simulation,
        service: str,
        account: str,
        region: str,
        now: Callable[[], datetime],
        *,
        caller: str = "",
        checks_requests: bool = True,
        checks_answers: bool = False,
    ) -> None:
        self._simulation = simulation
        self._model = service_model(service)
        self._place = (account, region)
        self._now = now
        self._caller = caller
        self._checks_requests = checks_requests
        self._checks_answers = checks_answers

    def __getattr__(self, name: str) -> Callable[..., Json]:
        """The method of that name: each call of the service is one."""
        if name.startswith("_") or name not in self._model.methods:
            raise AttributeError(name)
        return partial(self._call, self._model.methods[name])

    def get_paginator(self, method: str) -> Paginator[Json]:
        operation = self._model.methods[method]
        return Paginator(
            getattr(self, method), self._model.pagination[operation], self._model.operation(operation)
        )

    def can_paginate(self, method: str) -> bool:
        return self._model.methods[method] in self._model.pagination

    def _call(self, operation: str, **request: object) -> Json:
        if self._checks_requests and (faults := self._model.faults_of_request(operation, request)):
            raise ParamValidationError(report=faults)
        name = f"{self._model.prefix}:{operation}"
        try:
            answer = self._simulation.answer(*self._place, name, request, self._now(), self._caller)
        except ApiError as error:
            raise ClientError(_error(error), operation) from error  # type: ignore[arg-type]  # a plain dict
        if self._checks_answers and (faults := self._model.faults_of_answer(operation, answer)):
            raise AssertionError(f"{name} answers what AWS can't: {faults}")
        return answer | {
            "ResponseMetadata": _metadata(200) | {"HTTPHeaders": {"date": _http_date(self._now())}}
        }


def _error(error: ApiError) -> Json:
    return {
        "Error": {"Code": error.code, "Message": error.message},
        "ResponseMetadata": _metadata(error.status),
    }


def _http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _metadata(status: int) -> Json:
    return {"RequestId": "", "HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
