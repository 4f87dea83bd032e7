"""What the tokens of well-known providers look like: the claims beside the standard ones.

A shape follows from the subject, as each provider writes it. Sources: GitHub, "OpenID Connect reference"; GitLab,
"OpenID Connect (OIDC) authentication using ID tokens"; Kubernetes, "Managing service accounts"; Google, "OpenID
Connect". Numbers and ids are made up and always the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Claims = dict[str, Any]


def github(subject: str) -> Claims:
    """A workflow run of GitHub Actions: `repo:OWNER/NAME:ref:refs/heads/BRANCH`, `…:environment:NAME`."""
    _, _, rest = subject.partition(":")
    repository, _, what = rest.partition(":")
    kind, _, value = what.partition(":")
    owner = repository.partition("/")[0]
    ref = value if kind == "ref" else "refs/heads/main"
    claims = {
        "repository": repository,
        "repository_id": "1001",
        "repository_owner": owner,
        "repository_owner_id": "101",
        "repository_visibility": "private",
        "ref": ref,
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "sha": "0123456789abcdef0123456789abcdef01234567",
        "actor": "octocat",
        "actor_id": "583231",
        "workflow": "deploy",
        "workflow_ref": f"{repository}/.github/workflows/deploy.yml@{ref}",
        "job_workflow_ref": f"{repository}/.github/workflows/deploy.yml@{ref}",
        "event_name": "pull_request" if kind == "pull_request" else "push",
        "run_id": "2001",
        "run_number": "1",
        "run_attempt": "1",
        "runner_environment": "github-hosted",
    }
    return claims | ({"environment": value} if kind == "environment" else {})


def gitlab(subject: str) -> Claims:
    """A CI job of GitLab: `project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH`."""
    words = subject.split(":")
    said = dict(zip(words[::2], words[1::2], strict=False))
    path = said.get("project_path", "group/project")
    return {
        "namespace_id": "72",
        "namespace_path": path.rpartition("/")[0],
        "project_id": "20",
        "project_path": path,
        "user_id": "1",
        "user_login": "jane",
        "user_email": "jane@example.com",
        "user_access_level": "developer",
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": said.get("ref", "main"),
        "ref_type": said.get("ref_type", "branch"),
        "ref_path": f"refs/heads/{said.get('ref', 'main')}",
        "ref_protected": "true",
        "runner_id": 1,
        "runner_environment": "self-hosted",
        "sha": "0123456789abcdef0123456789abcdef01234567",
    }


def kubernetes(subject: str) -> Claims:
    """A projected service account token: `system:serviceaccount:NAMESPACE:NAME`."""
    namespace, _, name = subject.removeprefix("system:serviceaccount:").partition(":")
    return {
        "kubernetes.io": {
            "namespace": namespace,
            "pod": {"name": f"{name}-0", "uid": "11111111-1111-4111-8111-111111111111"},
            "serviceaccount": {"name": name, "uid": "22222222-2222-4222-8222-222222222222"},
        }
    }


def google(subject: str) -> Claims:
    """A Google account, or a service account's identity token: a subject of digits."""
    return {"email": f"account-{subject[-4:]}@example.iam.gserviceaccount.com", "email_verified": True}


def plain(subject: str) -> Claims:
    """Nothing beside the standard claims."""
    return {}


SHAPES: dict[str, Callable[[str], Claims]] = {
    "github": github,
    "gitlab": gitlab,
    "kubernetes": kubernetes,
    "google": google,
    "plain": plain,
}


def shape_of(subject: str) -> str:
    """Return the name of the shape that a subject is written for."""
    if subject.startswith("repo:"):
        return "github"
    if subject.startswith("project_path:"):
        return "gitlab"
    if subject.startswith("system:serviceaccount:"):
        return "kubernetes"
    return "google" if subject.isdigit() else "plain"
