"""GetWebIdentityToken for a session on a machine: its token tells of the machine as AWS's does."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode

import msgspec

from registered import ACCOUNT, INSTANCE, NOW, Registered
from vestry.access.caller import Caller, principal_of_root
from vestry.access.documents import Documents
from vestry.access.proof import AtHand
from vestry.credentials.session import SessionClaims
from vestry.directory.issuers import WebIdentityIssuer
from vestry.services.operation import Call
from vestry.services.signing_keys import make_key
from vestry.services.sts.web_identity_token import NAMESPACE, get_web_identity_token


def test_the_token_names_the_instance_and_how_it_got_its_role() -> None:
    place = Registered()
    key = make_key(ACCOUNT, "RS256", 1, NOW, os.urandom, place.keyring)
    account = msgspec.structs.replace(
        place.root.accounts[ACCOUNT], issuer=WebIdentityIssuer(ACCOUNT, "name", True, (key,))
    )
    known = {
        "ec2:sourceinstancearn": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{INSTANCE.id}",
        "ec2:roledelivery": "2.0",
        "aws:ec2instancesourcevpc": "vpc-00000000000000001",
        "aws:ec2instancesourceprivateipv4": "172.31.0.4",
    }
    session = SessionClaims(
        ACCOUNT, "1f00", ACCOUNT, INSTANCE.id, NOW, NOW + 3600, context=tuple(known.items())
    )
    call = Call(
        caller=Caller(principal_of_root(account), account, "", session=session),
        parameters={"Audience": ["app"], "SigningAlgorithm": "RS256"},
        snapshot=msgspec.structs.replace(place.root, accounts=place.root.accounts.set(ACCOUNT, account)),
        region="eu-west-1",
        now=NOW,
        wall=NOW,
        entropy=os.urandom,
        keyring=place.keyring,
        last_used=lambda _: None,
        public_url="https://vestry.internal",
        documents=Documents(),
        at_hand=AtHand(lambda _: None),
        sight=lambda _: None,
    )
    answer = get_web_identity_token(call)
    assert isinstance(answer, dict)
    payload = str(answer["WebIdentityToken"]).split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))[NAMESPACE]
    assert claims["ec2_source_instance_arn"] == known["ec2:sourceinstancearn"]
    assert claims["ec2_role_delivery"] == "2.0"
    assert claims["ec2_instance_source_vpc"] == "vpc-00000000000000001"
    assert claims["ec2_instance_source_private_ipv4"] == "172.31.0.4"
