"""The indexes of workloads: an account's tasks, clusters and associations, and what finds them.

`TaskIds` finds a task of the whole installation by the fingerprint of its credentials id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

import msgspec
from immutables import Map

from vestry.directory.workloads import Cluster, ContainerTask, PodAssociation, cluster_key

Workload = ContainerTask | Cluster | PodAssociation

#: Fingerprint of a credentials id -> the task's account and id.
TaskIds = Map[str, tuple[str, str]]


class Workloads(msgspec.Struct, frozen=True, gc=False):
    """The workloads of an account; `pods` finds an association by cluster, namespace and service account."""

    tasks: Map[str, ContainerTask] = Map()
    clusters: Map[str, Cluster] = Map()  # by "region/name"
    associations: Map[str, PodAssociation] = Map()
    pods: Map[tuple[str, str, str], str] = Map()

    def moved(self, old: object, new: object) -> Workloads:
        """Return these workloads with `new` in the place of `old`."""
        kept = new if is_workload(new) else old
        if isinstance(kept, ContainerTask):
            return msgspec.structs.replace(self, tasks=_placed(self.tasks, old, new))
        if isinstance(kept, Cluster):
            return msgspec.structs.replace(self, clusters=_placed(self.clusters, old, new))
        pods = self.pods
        if isinstance(old, PodAssociation):
            pods = pods.delete(pod_key(old))
        if isinstance(new, PodAssociation):
            pods = pods.set(pod_key(new), new.id)
        return msgspec.structs.replace(self, associations=_placed(self.associations, old, new), pods=pods)

    def cluster(self, region: str, name: str) -> Cluster | None:
        """Return the cluster of that name."""
        return self.clusters.get(cluster_key(region, name))

    def association(self, region: str, cluster: str, identifier: str) -> PodAssociation | None:
        """Return the association of that id in a cluster."""
        found = self.associations.get(identifier)
        return found if found is not None and (found.region, found.cluster) == (region, cluster) else None

    def association_by_arn(self, arn: str, region: str) -> PodAssociation | None:
        """Return the association with exactly that ARN, which is of that region."""
        found = self.associations.get(arn.rpartition("/")[2])
        return found if found is not None and (found.arn, found.region) == (arn, region) else None

    def of_cluster(self, cluster: Cluster) -> list[PodAssociation]:
        """Return a cluster's associations, by id. It looks at all of the account."""
        found = (
            one for one in self.associations.values() if cluster_key(one.region, one.cluster) == cluster.id
        )
        return sorted(found, key=lambda association: association.id)

    def of_pod(self, cluster: Cluster, namespace: str, service_account: str) -> PodAssociation | None:
        """Return the association of a service account's pods."""
        identifier = self.pods.get((cluster.id, namespace, service_account))
        return None if identifier is None else self.associations[identifier]


def is_workload(entity: object) -> TypeGuard[Workload]:
    """Tell whether an entity is one of these."""
    return isinstance(entity, ContainerTask | Cluster | PodAssociation)


def pod_key(association: PodAssociation) -> tuple[str, str, str]:
    """Return what an association is found by."""
    key = cluster_key(association.region, association.cluster)
    return key, association.namespace, association.service_account


def moved_ids(ids: TaskIds, old: object, new: object) -> TaskIds:
    """Return the index of credentials ids with a task in the place of what it was."""
    if isinstance(old, ContainerTask):
        ids = ids.delete(old.credentials_id)
    if isinstance(new, ContainerTask):
        ids = ids.set(new.credentials_id, (new.account, new.id))
    return ids


def workloads_of(entities: Iterable[Workload]) -> Workloads:
    """Return the workloads of one account (used when a store is loaded)."""
    found = Workloads()
    for entity in entities:
        found = found.moved(None, entity)
    return found


def task_ids_of(tasks: Iterable[ContainerTask]) -> TaskIds:
    """Return the index of the whole installation (used when a store is loaded)."""
    return Map({task.credentials_id: (task.account, task.id) for task in tasks})


def _placed(shelf: Map[str, object], old: object, new: object) -> Map[str, object]:
    if is_workload(new):
        return shelf.set(new.id, new)
    return shelf.delete(old.id) if is_workload(old) else shelf
