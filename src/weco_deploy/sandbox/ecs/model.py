"""AWS's own description of its services, to check requests and answers by.

botocore has it. Requests are checked as boto3 does before it sends them. Answers are checked for members that AWS does
not have, for types, and for words that an enumeration lacks, so that the simulation can't answer what AWS can't.
"""

from __future__ import annotations

from functools import cache

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import OperationModel, Shape, StringShape
from botocore.model import ServiceModel as BotocoreModel
from botocore.validate import ParamValidator, ValidationErrors

from weco_deploy.sandbox.ecs.state import Json

PREFIXES = {
    "codedeploy": "codedeploy",
    "ecs": "ecs",
    "elbv2": "elasticloadbalancing",
    "logs": "logs",
    "resourcegroupstaggingapi": "tag",
    "sts": "sts",
}
"""boto3's name of a service → the prefix of its calls in `Simulation.answer`."""


class ServiceModel:
    """The model of one service, by boto3's name of it."""

    def __init__(self, service: str) -> None:
        loader = Loader()
        self._model = BotocoreModel(loader.load_service_model(service, "service-2"), service)
        self.pagination: Json = loader.load_service_model(service, "paginators-1")["pagination"]
        self.prefix = PREFIXES[service]
        self.methods = {xform_name(name): name for name in self._model.operation_names}

    def operation(self, name: str) -> OperationModel:
        return self._model.operation_model(name)

    def faults_of_request(self, operation: str, request: Json) -> str:
        """What boto3 would complain about; empty if nothing."""
        return _report(ParamValidator(), request, self.operation(operation).input_shape)

    def faults_of_answer(self, operation: str, answer: Json) -> str:
        """What the answer has that AWS's can't have; empty if nothing."""
        return _report(_AnswerValidator(), answer, self.operation(operation).output_shape)


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service, read once: that takes some ten milliseconds."""
    return ServiceModel(service)


class _AnswerValidator(ParamValidator):
    """Checks words of enumerations too, and no lengths: those bind requests."""

    def _validate_string(self, param: object, shape: Shape, errors: ValidationErrors, name: str) -> None:
        if not isinstance(param, str):
            errors.report(name, "invalid type", param=param, valid_types=["str"])
        elif isinstance(shape, StringShape) and shape.enum and param not in shape.enum:
            errors.report(name, "invalid type", param=param, valid_types=shape.enum)


def _report(validator: ParamValidator, value: Json, shape: Shape | None) -> str:
    if shape is None:
        return f"unexpected: {value}" if value else ""
    return str(validator.validate(value, shape).generate_report())
