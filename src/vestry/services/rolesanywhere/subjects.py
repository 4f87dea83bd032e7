"""Subjects: who asked for sessions with which certificates, and when.

They are made by CreateSession alone. Source: IAM Roles Anywhere User Guide, "Monitoring with IAM Roles Anywhere
subjects"; API reference, GetSubject and ListSubjects.
"""

from __future__ import annotations

from typing import Any

from vestry.access.declaration import Ask, Resource
from vestry.directory.anywhere import Subject, anywhere_arn
from vestry.errors.rolesanywhere import ResourceNotFound
from vestry.services.operation import Answer, Call, operation
from vestry.services.rolesanywhere.families import anything
from vestry.services.rolesanywhere.pages import paged


def subject_named(ask: Ask) -> Resource:
    """The subject of parameter subjectId."""
    arn = anywhere_arn(ask.region, ask.account.id, "subject", ask.parameters["subjectId"])
    return Resource(arn, arn, ask.account.id)


def _summary(subject: Subject) -> dict[str, Any]:
    return {
        "subjectArn": subject.arn,
        "subjectId": subject.id,
        "enabled": True,
        "x509Subject": subject.name,
        "lastSeenAt": subject.seen,
        "createdAt": subject.created,
        "updatedAt": subject.seen,
    }


@operation("rolesanywhere:GetSubject", on=subject_named)
def get_subject(call: Call) -> Answer:
    """Return a subject with the certificates that it presented last. Errors: ResourceNotFoundException."""
    identifier = call.parameters["subjectId"]
    subject = call.account.anywhere.subjects.get(identifier)
    if subject is None or subject.region != call.region:
        raise ResourceNotFound(f"Subject {identifier} not found.")
    credentials = [
        {
            "seenAt": one.at,
            "serialNumber": one.serial,
            "issuer": one.issuer,
            "enabled": True,
            "x509CertificateData": one.certificate,
            "failed": one.failed,
        }
        for one in subject.certificates
    ]
    properties = [
        {"seenAt": one.at, "properties": dict(one.properties), "failed": one.failed}
        for one in subject.certificates
        if one.properties
    ]
    return {"subject": _summary(subject) | {"credentials": credentials, "instanceProperties": properties}}


@operation("rolesanywhere:ListSubjects", on=anything)
def list_subjects(call: Call) -> Answer:
    """Return a page of the subjects. Errors: ValidationException."""
    here = [one for one in call.account.anywhere.subjects.values() if one.region == call.region]
    return paged(call, "subjects", here, _summary)
