"""SAML identity providers: registering, changing and deleting them.

Source: IAM API reference, CreateSAMLProvider and its kin; IAM User Guide, "Troubleshoot SAML federation with IAM" (texts).
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Mapping
from typing import Any

import msgspec

from vestry import limits
from vestry.credentials.saml_metadata import Metadata, read_metadata
from vestry.credentials.saml_xml import XmlRefused
from vestry.directory.providers import SamlProvider
from vestry.errors import EntityAlreadyExists, InvalidInput
from vestry.services.iam import resources
from vestry.services.iam.lookups import check_quota, new_tags, tag_list, the_saml_provider
from vestry.services.iam.saml_keys import added_key, removed_key
from vestry.services.iam.tagging import also_tag
from vestry.services.operation import Answer, Call, operation

_REQUIRED, _ALLOWED = "Required", "Allowed"
#: What AWS answers as the end of metadata that names none: a hundred years after its provider was made.
_CENTURY = 36525 * 86_400


def _read(parameters: Mapping[str, Any]) -> Metadata | XmlRefused | None:
    """Return what parameter SAMLMetadataDocument says, or why it is refused; None where it is not given."""
    text = parameters.get("SAMLMetadataDocument")
    try:
        return None if text is None else read_metadata(text)
    except XmlRefused as refused:
        return refused


def _metadata(call: Call) -> Metadata:
    """Return the metadata that was given. Raises InvalidInput, LimitExceeded."""
    found = call.beforehand
    if isinstance(found, XmlRefused):
        raise InvalidInput("Could not parse metadata", hint=f"The metadata was refused: {found}.")
    assert isinstance(found, Metadata), "it was given"
    if found.valid_until and found.valid_until <= call.now:
        raise InvalidInput("Could not parse metadata", hint="The metadata's validUntil has passed.")
    check_quota(len(found.certificates) - 1, limits.SAML_SIGNING_KEYS, "KeysPerSAMLProvider")
    return found


def _ends(provider: SamlProvider) -> int:
    return provider.valid_until or provider.created + _CENTURY


def _encrypting(call: Call, provider: SamlProvider) -> SamlProvider:
    """Return `provider` with what the request says of encryption. Raises InvalidInput, LimitExceeded."""
    mode = call.get("AssertionEncryptionMode")
    if mode is not None:
        provider = msgspec.structs.replace(provider, encryption_required=mode == _REQUIRED)
    if call.get("AddPrivateKey") is not None:
        provider = added_key(call, provider)
    if provider.encryption_required and not provider.private_keys:
        raise InvalidInput(
            "Unable to set assertion encryption mode to Required because no private key is provided."
        )
    return provider


@operation(
    "iam:CreateSAMLProvider",
    on=resources.new_saml_provider,
    keys=(resources.request_tags,),
    more=(also_tag("iam:TagSAMLProvider"),),
    writes=True,
    beforehand=_read,
)
def create_saml_provider(call: Call) -> Answer:
    """Register a provider by its metadata. Errors: InvalidInput, EntityAlreadyExists, LimitExceeded."""
    name = call.parameters["Name"]
    found = _metadata(call)
    provider = SamlProvider(
        account=call.account.id,
        name=name,
        unique_id=b32encode(call.entropy(16)).decode().rstrip("="),
        created=call.now,
        metadata=call.parameters["SAMLMetadataDocument"],
        entity_id=found.entity_id,
        certificates=found.certificates,
        valid_until=found.valid_until,
        tags=new_tags(call, ignore_case=False),
    )
    provider = _encrypting(call, provider)
    if provider.id in call.account.saml_providers:
        raise EntityAlreadyExists(f"SAML provider with name {name} already exists.")
    check_quota(
        len(call.account.saml_providers), limits.SAML_PROVIDERS_PER_ACCOUNT, "SAMLProvidersPerAccount"
    )
    call.put(provider)
    return {"SAMLProviderArn": provider.arn, "Tags": tag_list(provider.tags) or None}


@operation("iam:GetSAMLProvider", on=resources.saml_provider)
def get_saml_provider(call: Call) -> Answer:
    """Return a provider, its private keys by id only. Errors: NoSuchEntity."""
    provider = the_saml_provider(call)
    keys: list[dict[str, Any]] = [
        {"KeyId": key.id, "Timestamp": key.created} for key in provider.private_keys
    ]
    return {
        "SAMLProviderUUID": provider.unique_id,
        "SAMLMetadataDocument": provider.metadata,
        "CreateDate": provider.created,
        "ValidUntil": _ends(provider),
        "Tags": tag_list(provider.tags),
        "AssertionEncryptionMode": _REQUIRED if provider.encryption_required else _ALLOWED,
        "PrivateKeyList": keys,
    }


@operation("iam:ListSAMLProviders", on=resources.saml_providers)
def list_saml_providers(call: Call) -> Answer:
    """List all providers of the account, by name."""
    providers = [provider for _, provider in sorted(call.account.saml_providers.items())]
    return {
        "SAMLProviderList": [
            {"Arn": provider.arn, "ValidUntil": _ends(provider), "CreateDate": provider.created}
            for provider in providers
        ]
    }


@operation("iam:UpdateSAMLProvider", on=resources.saml_provider, writes=True, beforehand=_read)
def update_saml_provider(call: Call) -> Answer:
    """Change a provider's metadata, or how its assertions are encrypted. Errors: NoSuchEntity, InvalidInput,
    LimitExceeded."""
    present = provider = the_saml_provider(call)
    removed = call.get("RemovePrivateKey")
    changes = ("SAMLMetadataDocument", "AssertionEncryptionMode", "AddPrivateKey", "RemovePrivateKey")
    if all(call.get(name) is None for name in changes):
        raise InvalidInput(
            "Unable to update identity provider. No updates are defined for metadata or encryption assertion."
        )
    if removed is not None and call.get("AddPrivateKey") is not None:
        raise InvalidInput(
            "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters."
        )
    if call.get("SAMLMetadataDocument") is not None:
        found = _metadata(call)
        provider = msgspec.structs.replace(
            provider,
            metadata=call.parameters["SAMLMetadataDocument"],
            entity_id=found.entity_id,
            certificates=found.certificates,
            valid_until=found.valid_until,
        )
    provider = _encrypting(call, provider)
    if removed is not None:
        provider = removed_key(provider, removed)
    call.put(provider, replacing=present)
    return {"SAMLProviderArn": provider.arn}


@operation("iam:DeleteSAMLProvider", on=resources.saml_provider, writes=True)
def delete_saml_provider(call: Call) -> Answer:
    """Delete a provider; trust policies that name it stay, and let nobody in. Errors: NoSuchEntity."""
    call.remove(the_saml_provider(call))
    return {}
