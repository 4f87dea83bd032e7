"""Faults that only IAM Roles Anywhere has. Source: its model's exceptions."""

from __future__ import annotations

from vestry.errors.faults import ParameterFault, StateFault

__all__ = ["ResourceNotFound", "TooManyTags"]


class ResourceNotFound(StateFault):
    code = "ResourceNotFoundException"
    status = 404


class TooManyTags(ParameterFault):
    code = "TooManyTagsException"
    default = "The maximum number of tags for a resource has been reached."
