"""AWS clients for any account and region of a sandbox, independent of the caller's AWS settings."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.running import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_logs import CloudWatchLogsClient

_NO_CONFIG_FILE = (None, None, os.devnull, None)
_NO_PROFILE = (None, None, None, None)
_CONFIG = Config(
    proxies={},
    max_pool_connections=12,
    retries={"mode": "standard", "total_max_attempts": 3},
)


class LocalAws:
    """The clients for an emulator, one for each service and place. Making clients is not thread-safe; using them is.

    Args:
        endpoint: the emulator's URL.
        simulation: the URL of the simulated services; by default the emulator has them, too.

    """

    def __init__(self, endpoint: str, simulation: str = "") -> None:
        self._endpoint = endpoint
        self._simulation = simulation or endpoint
        # A client takes tens of milliseconds to make, and tests ask for the same ones again and again.
        self.ecr = cache(self._ecr)
        self.dynamodb = cache(self._dynamodb)
        self.ecs = cache(self._ecs)
        self.logs = cache(self._logs)

    @classmethod
    def of(cls, sandbox: Sandbox) -> LocalAws:
        return cls(sandbox.endpoint, sandbox.state.simulation_endpoint)

    def _ecr(self, place: Place) -> ECRClient:
        return _session().client(
            "ecr",
            endpoint_url=self._endpoint,
            region_name=place.region,
            aws_access_key_id=place.account,
            aws_secret_access_key="any",
            config=_CONFIG,
        )

    def _dynamodb(self, place: Place) -> DynamoDBClient:
        return _session().client(
            "dynamodb",
            endpoint_url=self._endpoint,
            region_name=place.region,
            aws_access_key_id=place.account,
            aws_secret_access_key="any",
            config=_CONFIG,
        )

    def _ecs(self, place: Place) -> ECSClient:
        return _session().client(
            "ecs",
            endpoint_url=self._simulation,
            region_name=place.region,
            aws_access_key_id=place.account,
            aws_secret_access_key="any",
            config=_CONFIG,
        )

    def _logs(self, place: Place) -> CloudWatchLogsClient:
        return _session().client(
            "logs",
            endpoint_url=self._simulation,
            region_name=place.region,
            aws_access_key_id=place.account,
            aws_secret_access_key="any",
            config=_CONFIG,
        )


@cache
def _session() -> boto3.session.Session:
    """One session for the whole process, because it keeps the service models that it has read. Reads no profiles."""
    core = botocore.session.Session(
        session_vars={
            "profile": _NO_PROFILE,
            "config_file": _NO_CONFIG_FILE,
            "credentials_file": _NO_CONFIG_FILE,
        }
    )
    return boto3.session.Session(botocore_session=core)
