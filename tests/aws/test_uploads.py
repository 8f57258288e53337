"""Uploads over a slow connection."""

from __future__ import annotations

import pytest

from tests.aws.scripted import ScriptedAws, json_answer
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws import session
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.aws.uploads import LARGEST_PART, EcrUploads
from weco_deploy.model.publication import Part


def test_sending_a_part_may_take_longer_than_connecting(
    aws: ScriptedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CONNECT_SECONDS", 1)
    uploads = EcrUploads(Login(StillClock(), Rates()).account("eu-west-1"))
    aws.says("InitiateLayerUpload", json_answer(uploadId="upload", partSize=LARGEST_PART))
    upload = uploads.begin("acme/app")
    aws.says("UploadLayerPart", json_answer(uploadId="upload"))
    aws.reads_after = 2.5

    uploads.send("acme/app", upload, Part(first=0, length=LARGEST_PART), bytes(LARGEST_PART))

    assert aws.calls == ["InitiateLayerUpload", "UploadLayerPart"]
