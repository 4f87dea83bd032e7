"""An account begins to issue tokens, stops, and begins again; anybody may read its discovery document and its keys."""

from __future__ import annotations

import json
from typing import Any

from places import Place, refusal
from raw import send

DISABLED = (404, "FeatureDisabled", "Outbound web identity federation is disabled for your account")


def read(place: Place, url: str) -> Any:
    """Fetch a JSON document of the server's, unsigned."""
    assert url.startswith(place.server.endpoint + "/issuers/")
    answer = send(place.server.endpoint, "GET", url.removeprefix(place.server.endpoint))
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    return json.loads(answer.text)


def test_an_account_issues_nothing_until_it_is_enabled(place: Place) -> None:
    assert refusal(place.iam.get_outbound_web_identity_federation_info) == DISABLED
    assert refusal(place.iam.disable_outbound_web_identity_federation) == DISABLED
    url = place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    info = place.iam.get_outbound_web_identity_federation_info()
    assert (info["IssuerIdentifier"], info["JwtVendingEnabled"]) == (url, True)
    assert refusal(place.iam.enable_outbound_web_identity_federation) == (
        409,
        "FeatureEnabled",
        "Outbound web identity federation is already enabled for your account",
    )


def test_discovery_leads_to_the_keys(place: Place) -> None:
    url = place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    found = read(place, f"{url}/.well-known/openid-configuration")
    assert found["issuer"] == url
    assert found["id_token_signing_alg_values_supported"] == ["RS256", "ES384"]
    assert found["subject_types_supported"] == ["public"]
    assert found["response_types_supported"] == ["id_token"]
    own = "https://sts.amazonaws.com/"
    assert found["claims_supported"] == ["aud", "exp", "iat", "iss", "jti", "sub", own]
    keys = read(place, found["jwks_uri"])["keys"]
    assert [(key["kid"], key["kty"], key["alg"], key["use"]) for key in keys] == [
        ("RSA_1", "RSA", "RS256", "sig"),
        ("EC384_1", "EC", "ES384", "sig"),
    ]
    assert {name for key in keys for name in key} == {"kid", "kty", "alg", "use", "n", "e", "crv", "x", "y"}


def test_issuer_and_keys_outlast_a_pause(place: Place) -> None:
    url = place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    keys = read(place, f"{url}/.well-known/jwks.json")
    place.iam.disable_outbound_web_identity_federation()
    assert refusal(place.iam.get_outbound_web_identity_federation_info) == DISABLED
    assert read(place, f"{url}/.well-known/jwks.json") == keys, "tokens that were issued still verify"
    assert place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"] == url
    assert read(place, f"{url}/.well-known/jwks.json") == keys


def test_every_account_is_an_issuer_of_its_own(place: Place) -> None:
    other = Place(place.server)
    urls = [each.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"] for each in (place, other)]
    first, second = (read(place, f"{url}/.well-known/jwks.json")["keys"] for url in urls)
    assert urls[0] != urls[1]
    assert first[0]["n"] != second[0]["n"]
    assert first[1]["x"] != second[1]["x"]


def test_what_is_no_issuers_document_is_not_there(place: Place) -> None:
    url = place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    path = url.removeprefix(place.server.endpoint)
    known = f"{path}/.well-known/jwks.json"
    wrong = [
        path,
        f"{path}/.well-known/other",
        known.replace(place.number, "000000000001"),
        known.replace(path[-4:], "zzzz"),
        "/issuers/",
        f"/issuers/{place.number}//.well-known/jwks.json",
    ]
    for target in wrong:
        assert send(place.server.endpoint, "GET", target).status == 404, target
    assert send(place.server.endpoint, "HEAD", known).status == 200


def test_a_reset_ends_the_issuer(place: Place) -> None:
    url = place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    place.server.operator("account.reset", account=place.number)
    path = url.removeprefix(place.server.endpoint)
    assert send(place.server.endpoint, "GET", f"{path}/.well-known/jwks.json").status == 404
    assert place.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"] != url
