"""What the suites know of tasks, clusters and associations: one of every shape, and what operations could do to them."""

from __future__ import annotations

from msgspec.structs import replace

from vestry.directory.draft import Draft
from vestry.directory.entities import Entity
from vestry.directory.snapshot import Account
from vestry.directory.workloads import Cluster, ContainerTask, PodAssociation

REGIONS = ("us-east-1", "eu-west-1")


def every_workload(one: str, two: str) -> tuple[Entity, ...]:
    """Return each kind of entity twice: with all its fields, in account `one`, and with as few as possible, in `two`."""
    role = f"arn:aws:iam::{one}:role/service/UpdateApp"
    return (
        ContainerTask(
            one, "0a" * 16, "größe", role, "eu-west-1", "default", 1_790_000_030, "1f" * 32, "2f" * 32
        ),
        ContainerTask(two, "0b" * 16, "least", "", "us-east-1", "", 1, "3f" * 32, ""),
        Cluster(one, "eu-west-1", "prod", "https://oidc.example.org/id/1", 1_790_000_031, ("ab" * 20,)),
        Cluster(two, "us-east-1", "least", "", 1),
        PodAssociation(
            one,
            "a-abcdefghijklmnop1",
            "eu-west-1",
            "prod",
            "shop",
            "till",
            role,
            1_790_000_032,
            1_790_000_033,
            f"arn:aws:iam::{two}:role/Target",
            True,
            '{"Version":"2012-10-17"}',
            (("k", "v"),),
            "a token",
        ),
        PodAssociation(two, "a-1", "us-east-1", "least", "default", "app", "", 1, 1),
    )


def live_workloads(draft: Draft, account: Account, identifier: str, first: int, second: int) -> None:
    """Do one thing to the workloads of an account: `identifier` is a fresh one, the numbers choose what and how."""
    held = account.workloads
    tasks = sorted(held.tasks.values(), key=lambda task: task.id)
    if first < 4 and (not tasks or second % 3 == 0):
        draft.put(ContainerTask(account.id, identifier, "n", "r", "us-east-1", "c", 1, f"f{identifier}", "t"))
    elif first < 4 and second % 3 == 1:
        task = tasks[second % len(tasks)]
        draft.put(replace(task, credentials_id=f"f{identifier}"), replacing=task)
    elif first < 4:
        draft.remove(tasks[second % len(tasks)])
    elif first < 8:
        _live_cluster(draft, account, first, second)
    else:
        _live_association(draft, account, f"a-{identifier}", first, second)


def _live_cluster(draft: Draft, account: Account, first: int, second: int) -> None:
    present = account.workloads.cluster(REGIONS[first % 2], "c")
    if present is None:
        draft.put(Cluster(account.id, REGIONS[first % 2], "c", "https://one", 1))
    elif second % 2:
        draft.put(replace(present, issuer=f"https://{second}"), replacing=present)
    else:
        for association in account.workloads.of_cluster(present):
            draft.remove(association)
        draft.remove(present)


def _live_association(draft: Draft, account: Account, identifier: str, first: int, second: int) -> None:
    cluster = account.workloads.cluster(REGIONS[first % 2], "c")
    if cluster is None:
        return
    present = account.workloads.of_pod(cluster, "n", str(second % 2))
    if present is None:
        region = cluster.region
        draft.put(PodAssociation(account.id, identifier, region, "c", "n", str(second % 2), "r", 1, 1))
    elif second % 3:
        draft.put(replace(present, role=str(second)), replacing=present)
    else:
        draft.remove(present)
