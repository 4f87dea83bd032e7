"""The built-in provider's tokens: the shapes of well-known providers, and what is broken about broken ones."""

from __future__ import annotations

from typing import Any

import pytest

from vestry.credentials.issuer_keys import read_keys
from vestry.credentials.oidc import Identity, read_token, verify_token
from vestry.errors import ExpiredIdentityToken, InvalidIdentityToken
from vestry.idp.keys import CURVES, KeyRing, new_key, read_ring
from vestry.idp.shapes import SHAPES, shape_of
from vestry.idp.tokens import Wish, claims_of, token

NOW = 1_790_000_000
RING = KeyRing((new_key("ES256", "one"),))


def wish(**more: Any) -> Wish:
    made = {"issuer": "https://idp.example.com", "subject": "jane", "audience": ("app",)} | more
    return Wish(**made)


def verified(asked: Wish, ring: KeyRing = RING) -> Identity:
    read = read_token(token(asked, ring.current, NOW, "id"))
    key = read_keys(ring.published()).find(read.key_id, read.algorithm)
    assert key is not None
    return verify_token(read, key, ("app",), NOW)


SUBJECTS = [
    ("repo:org/app:ref:refs/heads/main", "github", {"repository": "org/app", "ref": "refs/heads/main"}),
    ("repo:org/app:ref:refs/tags/v1", "github", {"ref_type": "tag", "repository_owner": "org"}),
    ("repo:org/app:environment:prod", "github", {"environment": "prod", "ref": "refs/heads/main"}),
    ("repo:org/app:pull_request", "github", {"event_name": "pull_request"}),
    (
        "project_path:a/b/c:ref_type:branch:ref:dev",
        "gitlab",
        {"project_path": "a/b/c", "namespace_path": "a/b"},
    ),
    ("system:serviceaccount:shop:cart", "kubernetes", {"aud": ["app"]}),
    ("110169484474386276334", "google", {"azp": "app", "email_verified": True}),
    ("jane", "plain", {"aud": "app"}),
]


@pytest.mark.parametrize(("subject", "shape", "claims"), SUBJECTS, ids=[row[0] for row in SUBJECTS])
def test_a_shape_follows_from_its_subject(subject: str, shape: str, claims: dict[str, Any]) -> None:
    assert shape_of(subject) == shape
    made = claims_of(wish(subject=subject), NOW, "id")
    assert {name: made.get(name) for name in claims} == claims
    assert verified(wish(subject=subject)).subject == subject


def test_a_service_accounts_token_says_where_it_is_from() -> None:
    made = claims_of(wish(subject="system:serviceaccount:shop:cart"), NOW, "id")["kubernetes.io"]
    assert (made["namespace"], made["serviceaccount"]["name"]) == ("shop", "cart")


def test_a_shape_may_be_chosen_and_its_claims_replaced() -> None:
    made = claims_of(wish(shape="github", claims={"actor": "jane", "more": [1]}), NOW, "id")
    assert (made["actor"], made["more"], "repository" in made) == ("jane", [1], True)


@pytest.mark.parametrize("algorithm", CURVES)
def test_every_algorithm_that_sts_takes(algorithm: str) -> None:
    assert verified(wish(), KeyRing((new_key(algorithm),))).subject == "jane"


def test_tags_and_source_identity_are_claims() -> None:
    made = claims_of(wish(tags={"a": "b"}, transitive=("a",), source_identity="jane"), NOW, "id")
    assert made["https://aws.amazon.com/tags"] == {
        "principal_tags": {"a": ["b"]},
        "transitive_tag_keys": ["a"],
    }
    assert made["https://aws.amazon.com/source_identity"] == "jane"


def test_broken_tokens_are_broken_in_one_way_each() -> None:
    with pytest.raises(ExpiredIdentityToken):
        verified(wish(expired=True))
    with pytest.raises(InvalidIdentityToken, match="Incorrect token audience"):
        verified(wish(wrong_audience=True))
    with pytest.raises(InvalidIdentityToken, match="Token signature invalid"):
        verified(wish(wrong_key=True))


def test_a_ring_is_read_as_it_was_written_and_forgets_what_is_oldest() -> None:
    ring = RING.rotated("RS256").rotated("ES384").rotated("ES512")
    assert [key.get("alg") for key in ring.keys] == ["ES512", "ES384", "RS256"]
    assert read_ring(ring.written()).written() == ring.written()
    for raw in (b'{"keys":[]}', b"{}", b"[]"):
        with pytest.raises((ValueError, KeyError)):
            read_ring(raw)


def test_every_shape_takes_any_subject() -> None:
    for shape in SHAPES.values():
        for subject in ("", ":", "a:b:c:d:e", "/"):
            assert isinstance(shape(subject), dict)
