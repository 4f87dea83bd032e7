"""OpenID Connect identity providers.

Source: IAM API reference, CreateOpenIDConnectProvider and its kin; texts as the IAM API answers them.

Two deliberate differences from AWS, beside a bare word as host, which is refused: its condition keys could be mistaken
for a service's (`saml:sub`). A URL may name a port, because self-hosted issuers have one. And no certificate is
fetched when a provider is registered without thumbprints: its certificate must then be one that the machine trusts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from vestry import limits
from vestry.directory.providers import OidcProvider
from vestry.errors import EntityAlreadyExists, InvalidInput, LimitExceeded, NoSuchEntity, ValidationError
from vestry.services.iam import resources
from vestry.services.iam.lookups import check_quota, new_tags, tag_list, the_oidc_provider
from vestry.services.iam.tagging import also_tag
from vestry.services.operation import Answer, Call, operation

_SCHEME = "https://"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[1-9][0-9]{{0,4}}))?(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?",
    re.ASCII,
)
_URL = "Invalid Open ID Connect Provider URL"


def provider_address(url: str) -> str:
    """Return a provider's URL without its scheme. Raises ValidationError, InvalidInput."""
    scheme, separator, address = url.partition("://")
    if not separator or not address.split("/")[0]:
        raise ValidationError(_URL)
    if scheme != "https":
        raise InvalidInput(f"{_URL}. The URL must begin with https://.")
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"] or 0) > 65535:
        raise InvalidInput(f"{_URL}.")
    if not set(".:/") & set(address) and address != "localhost":
        raise InvalidInput(
            f"{_URL}.", hint="Write the whole host name: a bare word is the prefix of other condition keys."
        )
    return address


def _thumbprints(passed: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.lower() for text in passed))
    if len(found) > limits.THUMBPRINTS_PER_PROVIDER:
        raise InvalidInput(
            f"Thumbprint list must contain fewer than {limits.THUMBPRINTS_PER_PROVIDER} entries."
        )
    return found


def _client_ids(passed: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(passed))
    if len(found) > limits.CLIENT_IDS_PER_PROVIDER:
        quota = limits.CLIENT_IDS_PER_PROVIDER
        raise LimitExceeded(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {quota}")
    return found


@operation(
    "iam:CreateOpenIDConnectProvider",
    on=resources.new_oidc_provider,
    keys=(resources.request_tags,),
    more=(also_tag("iam:TagOpenIDConnectProvider"),),
    writes=True,
)
def create_open_id_connect_provider(call: Call) -> Answer:
    """Register a provider. Errors: ValidationError, InvalidInput, EntityAlreadyExists, LimitExceeded."""
    url = call.parameters["Url"]
    provider = OidcProvider(
        account=call.account.id,
        id=provider_address(url),
        created=call.now,
        client_ids=_client_ids(call.get("ClientIDList") or ()),
        thumbprints=_thumbprints(call.get("ThumbprintList") or ()),
        tags=new_tags(call, ignore_case=False),
    )
    if provider.id in call.account.oidc_providers:
        raise EntityAlreadyExists(f"Provider with url {url} already exists.")
    check_quota(
        len(call.account.oidc_providers),
        limits.OIDC_PROVIDERS_PER_ACCOUNT,
        "OpenIdConnectProvidersPerAccount",
    )
    call.put(provider)
    return {"OpenIDConnectProviderArn": provider.arn, "Tags": tag_list(provider.tags) or None}


@operation("iam:GetOpenIDConnectProvider", on=resources.oidc_provider)
def get_open_id_connect_provider(call: Call) -> Answer:
    """Return a provider; its URL without the scheme. Errors: NoSuchEntity."""
    provider = the_oidc_provider(call)
    return {
        "Url": provider.id,
        "ClientIDList": provider.client_ids,
        "ThumbprintList": provider.thumbprints,
        "CreateDate": provider.created,
        "Tags": tag_list(provider.tags),
    }


@operation("iam:ListOpenIDConnectProviders", on=resources.oidc_providers)
def list_open_id_connect_providers(call: Call) -> Answer:
    """List all providers of the account, by ARN."""
    return {
        "OpenIDConnectProviderList": [
            {"Arn": one.arn} for _, one in sorted(call.account.oidc_providers.items())
        ]
    }


@operation("iam:DeleteOpenIDConnectProvider", on=resources.oidc_provider, writes=True)
def delete_open_id_connect_provider(call: Call) -> Answer:
    """Delete a provider; trust policies that name it stay, and let nobody in. Errors: NoSuchEntity."""
    try:
        provider = the_oidc_provider(call)
    except NoSuchEntity:
        arn = call.parameters["OpenIDConnectProviderArn"]
        raise NoSuchEntity(f"OpenId connect Provider {arn} cannot be found.") from None
    call.remove(provider)
    return {}


@operation("iam:AddClientIDToOpenIDConnectProvider", on=resources.oidc_provider, writes=True)
def add_client_id_to_open_id_connect_provider(call: Call) -> Answer:
    """Accept a further audience; one that is accepted already is no error. Errors: NoSuchEntity, LimitExceeded."""
    provider = the_oidc_provider(call)
    client_ids = _client_ids((*provider.client_ids, call.parameters["ClientID"]))
    call.put(msgspec.structs.replace(provider, client_ids=client_ids), replacing=provider)
    return {}


@operation("iam:RemoveClientIDFromOpenIDConnectProvider", on=resources.oidc_provider, writes=True)
def remove_client_id_from_open_id_connect_provider(call: Call) -> Answer:
    """Accept an audience no longer; one that was never accepted is no error. Errors: NoSuchEntity."""
    provider = the_oidc_provider(call)
    client_ids = tuple(one for one in provider.client_ids if one != call.parameters["ClientID"])
    call.put(msgspec.structs.replace(provider, client_ids=client_ids), replacing=provider)
    return {}


@operation("iam:UpdateOpenIDConnectProviderThumbprint", on=resources.oidc_provider, writes=True)
def update_open_id_connect_provider_thumbprint(call: Call) -> Answer:
    """Replace the thumbprints. Errors: NoSuchEntity, InvalidInput."""
    provider = the_oidc_provider(call)
    thumbprints = _thumbprints(call.parameters["ThumbprintList"])
    call.put(msgspec.structs.replace(provider, thumbprints=thumbprints), replacing=provider)
    return {}
