"""Faults that only EC2 has. Source: Amazon EC2 API reference, "Error codes"; texts in public reports."""

from __future__ import annotations

from vestry.errors.faults import ParameterFault, StateFault

__all__ = [
    "DryRunOperation",
    "Ec2StateFault",
    "FilterLimitExceeded",
    "IdempotentParameterMismatch",
    "IncorrectInstanceState",
    "IncorrectState",
    "InstanceLimitExceeded",
    "InsufficientFreeAddresses",
    "InvalidAmiIdMalformed",
    "InvalidAssociationIdNotFound",
    "InvalidId",
    "InvalidInstanceIdMalformed",
    "InvalidInstanceIdNotFound",
    "InvalidIpAddressInUse",
    "InvalidParameterCombination",
    "InvalidUserDataMalformed",
    "TagLimitExceeded",
    "UnknownParameter",
    "UnsupportedParameter",
]


class DryRunOperation(ParameterFault):
    """The answer to a request that would have succeeded, had it not been a dry run."""

    code = "DryRunOperation"
    status = 412
    default = "Request would have succeeded, but DryRun flag is set."


class UnknownParameter(ParameterFault):
    code = "UnknownParameter"


class UnsupportedParameter(ParameterFault):
    """A parameter of AWS's model that Vestry does not offer; the message names it."""

    code = "UnsupportedOperation"
    default_hint = "docs/ec2.md says of each parameter of RunInstances what becomes of it."


class InvalidParameterCombination(ParameterFault):
    code = "InvalidParameterCombination"


class InvalidUserDataMalformed(ParameterFault):
    code = "InvalidUserData.Malformed"


class InvalidAmiIdMalformed(ParameterFault):
    code = "InvalidAMIID.Malformed"


class FilterLimitExceeded(ParameterFault):
    code = "FilterLimitExceeded"


class InvalidInstanceIdMalformed(ParameterFault):
    code = "InvalidInstanceID.Malformed"


class InvalidId(ParameterFault):
    code = "InvalidID"


class Ec2StateFault(StateFault):
    """What exists does not permit it: EC2 answers 400 for this, too."""

    status = 400


class InvalidInstanceIdNotFound(Ec2StateFault):
    code = "InvalidInstanceID.NotFound"


class InvalidAssociationIdNotFound(Ec2StateFault):
    code = "InvalidAssociationID.NotFound"


class IncorrectInstanceState(Ec2StateFault):
    code = "IncorrectInstanceState"


class IncorrectState(Ec2StateFault):
    code = "IncorrectState"


class IdempotentParameterMismatch(Ec2StateFault):
    code = "IdempotentParameterMismatch"
    default = (
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
    )
    default_hint = "Use a client token for one launch only; a resent launch must be the same in everything."


class InvalidIpAddressInUse(Ec2StateFault):
    code = "InvalidIPAddress.InUse"


class InstanceLimitExceeded(Ec2StateFault):
    code = "InstanceLimitExceeded"


class InsufficientFreeAddresses(Ec2StateFault):
    code = "InsufficientFreeAddressesInSubnet"
    default = "The specified subnet does not have enough free addresses to satisfy the request."


class TagLimitExceeded(Ec2StateFault):
    code = "TagLimitExceeded"
    default = "The maximum number of Tags for a resource has been reached."
