"""Tags of users, roles, policies, instance profiles and providers: three operations for each, one line an operation.

Source: IAM API reference, Tag…, Untag… and List…Tags; IAM User Guide, "Tagging IAM resources".
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from vestry import limits
from vestry.directory.devices import MfaDevice
from vestry.directory.entities import Policy, Role, User
from vestry.directory.machines import InstanceProfile
from vestry.directory.providers import OidcProvider, SamlProvider
from vestry.errors import LimitExceeded
from vestry.services.iam import pages, resources
from vestry.services.iam.lookups import (
    new_tags,
    the_oidc_provider,
    the_policy,
    the_profile,
    the_role,
    the_saml_provider,
    the_user,
)
from vestry.services.iam.mfa_resources import device_numbered, the_device
from vestry.services.operation import Answer, Call, Function, operation

Find = Callable[[Call], User | Role | Policy | InstanceProfile | OidcProvider | SamlProvider | MfaDevice]


def _tag(find: Find, *, ignore_case: bool) -> Function:
    def tag(call: Call) -> Answer:
        """Add tags, in the place of namesakes. Errors: NoSuchEntity, InvalidInput, LimitExceeded."""
        new = new_tags(call, ignore_case=ignore_case)
        entity = find(call)
        fold = str.lower if ignore_case else str
        hidden = {fold(key) for key, _ in new}
        tags = tuple(sorted([*(pair for pair in entity.tags if fold(pair[0]) not in hidden), *new]))
        if len(tags) > limits.TAGS_PER_RESOURCE:
            raise LimitExceeded("The number of tags has reached the maximum limit.")
        call.put(msgspec.structs.replace(entity, tags=tags), replacing=entity)
        return {}

    return tag


def _untag(find: Find, *, ignore_case: bool) -> Function:
    def untag(call: Call) -> Answer:
        """Take tags off; keys that are not there are passed over. Errors: NoSuchEntity."""
        entity = find(call)
        fold = str.lower if ignore_case else str
        gone = {fold(key) for key in call.parameters["TagKeys"]}
        tags = tuple(pair for pair in entity.tags if fold(pair[0]) not in gone)
        call.put(msgspec.structs.replace(entity, tags=tags), replacing=entity)
        return {}

    return untag


def _list(find: Find) -> Function:
    def tags(call: Call) -> Answer:
        """List the tags, by key. Errors: NoSuchEntity."""
        return pages.numbered(call, "Tags", find(call).tags, lambda pair: {"Key": pair[0], "Value": pair[1]})

    return tags


_tags, _keys = (resources.request_tags,), (resources.removed_tags,)
_user, _role, _policy = resources.user_named, resources.role_named, resources.policy_named
_profile, _device = resources.profile_named, device_numbered

operation("iam:TagUser", on=_user, keys=_tags, writes=True)(_tag(the_user, ignore_case=True))
operation("iam:UntagUser", on=_user, keys=_keys, writes=True)(_untag(the_user, ignore_case=True))
operation("iam:ListUserTags", on=_user)(_list(the_user))
operation("iam:TagRole", on=_role, keys=_tags, writes=True)(_tag(the_role, ignore_case=True))
operation("iam:UntagRole", on=_role, keys=_keys, writes=True)(_untag(the_role, ignore_case=True))
operation("iam:ListRoleTags", on=_role)(_list(the_role))
operation("iam:TagPolicy", on=_policy, keys=_tags, writes=True)(_tag(the_policy, ignore_case=False))
operation("iam:UntagPolicy", on=_policy, keys=_keys, writes=True)(_untag(the_policy, ignore_case=False))
operation("iam:ListPolicyTags", on=_policy)(_list(the_policy))
operation("iam:TagInstanceProfile", on=_profile, keys=_tags, writes=True)(
    _tag(the_profile, ignore_case=False)
)
operation("iam:UntagInstanceProfile", on=_profile, keys=_keys, writes=True)(
    _untag(the_profile, ignore_case=False)
)
operation("iam:ListInstanceProfileTags", on=_profile)(_list(the_profile))
_oidc = resources.oidc_provider
operation("iam:TagOpenIDConnectProvider", on=_oidc, keys=_tags, writes=True)(
    _tag(the_oidc_provider, ignore_case=False)
)
operation("iam:UntagOpenIDConnectProvider", on=_oidc, keys=_keys, writes=True)(
    _untag(the_oidc_provider, ignore_case=False)
)
operation("iam:ListOpenIDConnectProviderTags", on=_oidc)(_list(the_oidc_provider))
operation("iam:TagMFADevice", on=_device, keys=_tags, writes=True)(_tag(the_device, ignore_case=False))
operation("iam:UntagMFADevice", on=_device, keys=_keys, writes=True)(_untag(the_device, ignore_case=False))
operation("iam:ListMFADeviceTags", on=_device)(_list(the_device))
_saml = resources.saml_provider
operation("iam:TagSAMLProvider", on=_saml, keys=_tags, writes=True)(
    _tag(the_saml_provider, ignore_case=False)
)
operation("iam:UntagSAMLProvider", on=_saml, keys=_keys, writes=True)(
    _untag(the_saml_provider, ignore_case=False)
)
operation("iam:ListSAMLProviderTags", on=_saml)(_list(the_saml_provider))
