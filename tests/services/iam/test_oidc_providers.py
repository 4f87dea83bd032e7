"""OpenID Connect providers: what may be registered, AWS's words for the rest, and who may do it."""

from __future__ import annotations

from typing import Any

import pytest

from places import Place, allowed, refusal, statement, tags, trusting

URL = "https://token.example.com"
THUMB = "6938FD4D98BAB03FAADB97B34396831E3780AEA1"
INVALID = "Invalid Open ID Connect Provider URL"


def register(place: Place, url: str = URL, **more: Any) -> str:
    arn: str = place.iam.create_open_id_connect_provider(Url=url, **more)["OpenIDConnectProviderArn"]
    return arn


def test_a_provider_is_shown_as_it_was_registered(place: Place) -> None:
    made = place.iam.create_open_id_connect_provider(
        Url=URL, ClientIDList=["b", "a", "b"], ThumbprintList=[THUMB], Tags=tags(k="v")
    )
    arn = place.arn("oidc-provider/token.example.com")
    assert (made["OpenIDConnectProviderArn"], made["Tags"]) == (arn, tags(k="v"))
    found = place.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["Url"] == "token.example.com"
    assert found["ClientIDList"] == ["b", "a"]
    assert found["ThumbprintList"] == [THUMB.lower()]
    assert found["Tags"] == tags(k="v")
    assert found["CreateDate"]


def test_what_is_not_given_is_empty(place: Place) -> None:
    arn = register(place)
    found = place.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (found["ClientIDList"], found["ThumbprintList"], found["Tags"]) == ([], [], [])


def test_all_providers_are_listed(place: Place) -> None:
    arns = [register(place, f"https://{name}.example.com") for name in ("b", "a")]
    found = place.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert found == [{"Arn": arn} for arn in sorted(arns)]


@pytest.mark.parametrize(
    "url",
    [
        "https://token.example.com/path/to",
        "https://token.example.com/",
        "https://198.51.100.7",
        "https://localhost",
        "https://keycloak:8443",
        "https://idp.internal:8443/realms/main",
    ],
)
def test_hosts_paths_addresses_and_ports_are_accepted(place: Place, url: str) -> None:
    assert register(place, url) == place.arn(f"oidc-provider/{url[8:]}")


@pytest.mark.parametrize(
    ("url", "code", "text"),
    [
        ("token.example.com", "ValidationError", INVALID),
        ("https://", "ValidationError", INVALID),
        ("http://token.example.com", "InvalidInput", f"{INVALID}. The URL must begin with https://."),
        ("https://me:secret@example.com", "InvalidInput", f"{INVALID}."),
        ("https://example.com?a=1", "InvalidInput", f"{INVALID}."),
        ("https://example.com/#a", "InvalidInput", f"{INVALID}."),
        ("https://exa_mple.com", "InvalidInput", f"{INVALID}."),
        ("https://example.com:0", "InvalidInput", f"{INVALID}."),
        ("https://example.com:65536", "InvalidInput", f"{INVALID}."),
        ("https://example.com/a b", "InvalidInput", f"{INVALID}."),
        ("https://saml", "InvalidInput", f"{INVALID}."),
        ("https://aws", "InvalidInput", f"{INVALID}."),
    ],
)
def test_other_urls_are_refused(place: Place, url: str, code: str, text: str) -> None:
    assert refusal(place.iam.create_open_id_connect_provider, Url=url) == (400, code, text)


def test_a_url_is_registered_once_and_a_closing_slash_makes_another(place: Place) -> None:
    register(place)
    answer = refusal(place.iam.create_open_id_connect_provider, Url=URL)
    assert answer == (409, "EntityAlreadyExists", f"Provider with url {URL} already exists.")
    register(place, URL + "/")


def test_client_ids_are_added_and_removed_and_neither_fails_twice(place: Place) -> None:
    arn = register(place)
    for _ in range(2):
        place.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="app")
    assert place.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["app"]
    for _ in range(2):
        place.iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="app")
    assert place.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == []


def test_no_more_than_a_hundred_client_ids(place: Place) -> None:
    many = [f"client-{number}" for number in range(101)]
    text = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
    answer = refusal(place.iam.create_open_id_connect_provider, Url=URL, ClientIDList=many)
    assert answer == (409, "LimitExceeded", text)
    arn = register(place, ClientIDList=many[:100])
    more = refusal(
        place.iam.add_client_id_to_open_id_connect_provider, OpenIDConnectProviderArn=arn, ClientID="more"
    )
    assert more == (409, "LimitExceeded", text)


def test_no_more_than_five_thumbprints_and_an_update_replaces_them(place: Place) -> None:
    prints = [str(number) * 40 for number in range(6)]
    arn = register(place, ThumbprintList=prints[:5])
    text = "Thumbprint list must contain fewer than 5 entries."
    update = place.iam.update_open_id_connect_provider_thumbprint
    answer = refusal(update, OpenIDConnectProviderArn=arn, ThumbprintList=prints)
    assert answer == (400, "InvalidInput", text)
    update(OpenIDConnectProviderArn=arn, ThumbprintList=[THUMB])
    found = place.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["ThumbprintList"] == [THUMB.lower()]


def test_lengths_are_the_models(place: Place) -> None:
    status, code, text = refusal(
        place.iam.create_open_id_connect_provider,
        Url="https://" + "a" * 248,
        ClientIDList=["c" * 256],
        ThumbprintList=["a" * 39],
    )
    assert (status, code) == (400, "ValidationError")
    assert text.startswith("3 validation errors detected: ")


def test_no_more_than_a_hundred_providers(place: Place) -> None:
    for number in range(100):
        register(place, f"https://idp-{number}.example.com")
    answer = refusal(place.iam.create_open_id_connect_provider, Url=URL)
    text = "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100"
    assert answer == (409, "LimitExceeded", text)


def test_a_provider_that_does_not_exist(place: Place) -> None:
    named = {"OpenIDConnectProviderArn": place.arn("oidc-provider/nobody.example.com")}
    arn = named["OpenIDConnectProviderArn"]
    missing = (404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
    iam = place.iam
    assert refusal(iam.get_open_id_connect_provider, **named) == missing
    assert refusal(iam.add_client_id_to_open_id_connect_provider, **named, ClientID="a") == missing
    assert refusal(iam.remove_client_id_from_open_id_connect_provider, **named, ClientID="a") == missing
    thumbs = {"ThumbprintList": [THUMB]}
    assert refusal(iam.update_open_id_connect_provider_thumbprint, **named, **thumbs) == missing
    assert refusal(iam.tag_open_id_connect_provider, **named, Tags=tags(a="b")) == missing
    gone = (404, "NoSuchEntity", f"OpenId connect Provider {arn} cannot be found.")
    assert refusal(iam.delete_open_id_connect_provider, **named) == gone


def test_a_deleted_provider_can_be_registered_again(place: Place) -> None:
    arn = register(place)
    place.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert register(place) == arn


def test_tags_are_case_sensitive_and_decide(place: Place) -> None:
    arn = register(place, Tags=tags(team="a"))
    named = {"OpenIDConnectProviderArn": arn}
    place.iam.tag_open_id_connect_provider(**named, Tags=tags(Team="b"))
    assert place.iam.list_open_id_connect_provider_tags(**named)["Tags"] == tags(Team="b", team="a")
    place.iam.untag_open_id_connect_provider(**named, TagKeys=["Team"])
    assert place.iam.list_open_id_connect_provider_tags(**named)["Tags"] == tags(team="a")
    mine = statement("Allow", "iam:GetOpenIDConnectProvider", "*")
    mine["Condition"] = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    iam = place.client("iam", place.user("tagged", mine))
    assert allowed(iam.get_open_id_connect_provider, **named)
    place.iam.tag_open_id_connect_provider(**named, Tags=tags(team="b"))
    assert not allowed(iam.get_open_id_connect_provider, **named)


def test_registering_with_tags_needs_the_permission_to_tag(place: Place) -> None:
    arn = place.arn("oidc-provider/token.example.com")
    create = statement("Allow", "iam:CreateOpenIDConnectProvider", arn)
    iam = place.client("iam", place.user("maker", create))
    _, code, text = refusal(iam.create_open_id_connect_provider, Url=URL, Tags=tags(a="b"))
    assert code == "AccessDenied"
    assert f"perform: iam:TagOpenIDConnectProvider on resource: {arn} because" in text
    assert allowed(iam.create_open_id_connect_provider, Url=URL)


def test_denials_name_the_provider_by_its_arn_and_listing_by_all(place: Place) -> None:
    iam = place.client("iam", place.user("nobody"))
    _, _, text = refusal(iam.list_open_id_connect_providers)
    assert f"on resource: {place.arn('oidc-provider/*')} because" in text
    arn = place.arn("oidc-provider/token.example.com")
    _, _, text = refusal(iam.create_open_id_connect_provider, Url=URL)
    assert f"iam:CreateOpenIDConnectProvider on resource: {arn} because" in text


def test_a_trust_policy_names_a_registered_provider(place: Place) -> None:
    arn = place.arn("oidc-provider/token.example.com")
    trust = trusting({"Federated": arn}, "sts:AssumeRoleWithWebIdentity")
    answer = refusal(place.iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust)
    assert answer == (400, "MalformedPolicyDocument", f'Invalid principal in policy: "FEDERATED":"{arn}"')
    register(place)
    place.role("r", trust)
