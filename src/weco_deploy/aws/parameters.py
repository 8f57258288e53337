"""Reads parameters of the Systems Manager's Parameter Store."""

from __future__ import annotations

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError, NotFound


def parameter(account: Account, name: str) -> str:
    """The value of a parameter, decrypted if it is a SecureString.

    Raises:
        NotFound: there is no such parameter. AwsError.

    """
    client = account.client("ssm")
    try:
        with translate_errors(api.GET_PARAMETER):
            value = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except AwsError as error:
        if code_behind(error) == "ParameterNotFound":
            raise NotFound(f"there is no parameter {name} in {account.region}") from error
        raise
    return value
