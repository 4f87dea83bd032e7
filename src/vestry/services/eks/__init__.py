"""Amazon EKS, as far as pods carry roles: registered clusters and their pod identity associations.

Clusters are registered by the operator (`services.operator.clusters`); none is started. Enters: calls of the service
`eks`. Leaves: answers in the model's shapes. Start in `associations`; `resources` says what operations are performed on.
"""

from vestry.services.eks import associations, clusters, listing, tags

__all__ = ["associations", "clusters", "listing", "tags"]
