"""Faults that only EKS and EKS Auth have. Source: their service models, and texts in public reports."""

from __future__ import annotations

from vestry.errors.faults import AuthenticationFault, ParameterFault, StateFault

__all__ = [
    "AssociationInUse",
    "ClusterNotFound",
    "InvalidEksParameter",
    "InvalidEksRequest",
    "InvalidServiceAccountToken",
    "TaggedNotFound",
    "TooManyAssociations",
    "UntaggableArn",
]


class InvalidEksParameter(ParameterFault):
    code = "InvalidParameterException"


class InvalidEksRequest(ParameterFault):
    code = "InvalidRequestException"


class UntaggableArn(ParameterFault):
    code = "BadRequestException"


class ClusterNotFound(StateFault):
    """A cluster, or an association of it, is not there."""

    code = "ResourceNotFoundException"
    status = 404


class TaggedNotFound(StateFault):
    code = "NotFoundException"
    status = 404


class AssociationInUse(StateFault):
    code = "ResourceInUseException"


class TooManyAssociations(StateFault):
    code = "ResourceLimitExceededException"
    status = 400


class InvalidServiceAccountToken(AuthenticationFault):
    """A service account's token proves nothing here."""

    code = "InvalidTokenException"
    status = 400
