"""AWS clients for any account and region of a sandbox, independent of the caller's AWS settings."""

from __future__ import annotations

import os
from functools import cached_property
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
_CONNECTIONS = 12


class LocalAws:
    """Makes clients for an emulator. Making clients is not thread-safe; using them is.

    Args:
        endpoint: the emulator's URL.
        simulation: the URL of the simulated services; by default the emulator has them, too.

    """

    def __init__(self, endpoint: str, simulation: str = "") -> None:
        self._endpoint = endpoint
        self._simulation = simulation or endpoint
        self._config = Config(
            proxies={},
            max_pool_connections=_CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": 3},
        )

    @classmethod
    def of(cls, sandbox: Sandbox) -> LocalAws:
        return cls(sandbox.endpoint, sandbox.state.simulation_endpoint)

    def ecr(self, place: Place) -> ECRClient:
        return self._session.client(
            "ecr",
            endpoint_url=self._endpoint,
            region_name=place.region,
            aws_access_key_id=place.account,
            aws_secret_access_key="any",
            config=self._config,
        )

    def dynamodb(self, place: Place) -> DynamoDBClient:
        return self._session.client(
            "dynamodb",
            endpoint_url=self._endpoint,
            region_name=place.region,
            aws_access_key_id=place.account,
            aws_secret_access_key="any",
            config=self._config,
        )

    def ecs(self, place: Place) -> ECSClient:
        return self._session.client(
            "ecs",
            endpoint_url=self._simulation,
            region_name=place.region,
            aws_access_key_id=place.account,
            aws_secret_access_key="any",
            config=self._config,
        )

    def logs(self, place: Place) -> CloudWatchLogsClient:
        return self._session.client(
            "logs",
            endpoint_url=self._simulation,
            region_name=place.region,
            aws_access_key_id=place.account,
            aws_secret_access_key="any",
            config=self._config,
        )

    @cached_property
    def _session(self) -> boto3.session.Session:
        """One session for all clients, because it caches the service models. Reads no profiles."""
        core = botocore.session.Session(
            session_vars={
                "profile": _NO_PROFILE,
                "config_file": _NO_CONFIG_FILE,
                "credentials_file": _NO_CONFIG_FILE,
            }
        )
        return boto3.session.Session(botocore_session=core)
