"""Every operation that Vestry offers: importing this module registers them all."""

from vestry.services import ec2, eks, eks_auth, iam, rolesanywhere, sts
from vestry.services.operation import REGISTRY, Operation

__all__ = ["REGISTRY", "Operation", "ec2", "eks", "eks_auth", "iam", "rolesanywhere", "sts"]
