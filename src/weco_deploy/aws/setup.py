"""`ports.SetupReader`: settings of an account and region."""

from __future__ import annotations

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import translate_errors
from weco_deploy.aws.session import Account
from weco_deploy.aws.times import answered_at
from weco_deploy.model.setup import Identity
from weco_deploy.ports import Clock


class AwsSetup:
    """`ports.SetupReader` for an account and region.

    Args:
        account: the account, with the role that is used there.
        clock: the clock of this machine, which is compared with AWS's.

    """

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock

    def identity(self) -> Identity:
        with translate_errors(api.GET_CALLER_IDENTITY):
            answer = self._account.client("sts").get_caller_identity()
            now, at_aws = self._clock.utc(), answered_at(answer["ResponseMetadata"])
            return Identity(
                arn=answer["Arn"],
                account=answer["Account"],
                ahead=None if at_aws is None else now - at_aws,
            )
