"""Amazon EKS Auth: a node asks for the credentials of a pod that runs on it.

Enters: calls of the service `eks-auth`, signed by the node's role, with the token of the pod's service account. Leaves:
credentials of the role that the pod's association names. Start in `pod_identity`.
"""

from vestry.services.eks_auth import pod_identity

__all__ = ["pod_identity"]
