"""The error answers of AWS."""

from __future__ import annotations


class ApiError(Exception):
    """An error that AWS answers.

    Args:
        code: AWS's name of the error, as `ClusterNotFoundException`.
        message: AWS's sentence.
        status: the HTTP status.

    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    """A parameter that ECS refuses."""
    return ApiError("InvalidParameterException", message)


def cluster_not_found() -> ApiError:
    return ApiError("ClusterNotFoundException", "Cluster not found.")


def service_not_found() -> ApiError:
    return ApiError("ServiceNotFoundException", "Service not found.")


def service_not_active() -> ApiError:
    return ApiError("ServiceNotActiveException", "Service was not ACTIVE.")
