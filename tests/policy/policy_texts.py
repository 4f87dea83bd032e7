"""Policy texts at random: sound ones, ones with something wrong in any element, and ones that are hardly JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from vestry.policy.operators import WRITTEN

# The characters that matter to a JSON reader, and a few that don't.
letters = st.sampled_from(
    list('{}[]":,\\/ \t\n\r\x00\x1f\x7f0123456789-+.eEutrfalsn*?$é\u2028😀\ud800\ufeff')
)
noise = st.text(letters, max_size=40)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | noise
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(noise, inner, max_size=3),
    max_leaves=6,
)


def one_or_many(values: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=least, max_size=3)


def mostly(sound: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Sound values, and now and then anything."""
    return st.integers(0, 19).flatmap(lambda chance: junk if chance == 0 else sound)


texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12)
sids = st.sampled_from(["", "One", "Two", "with space"]) | texts
actions = st.sampled_from(["*", "s3:Get*", "sts:AssumeRole", "sts:TagSession", "a:b:c", "x", ""]) | texts
resources = (
    st.sampled_from(
        ["*", "arn:aws:s3:::b/${aws:username}", "arn:aws:iam::1:role/a", "arn:x", "arn:aws::x", ""]
    )
    | texts
)
aws = (
    st.sampled_from(
        ["*", "111122223333", "arn:aws:iam::111122223333:user/a", "arn:aws:iam::1:user/*", "AIDAX"]
    )
    | texts
)
services = st.sampled_from(["ec2.amazonaws.com", "*.amazonaws.com"])
providers = st.sampled_from(["accounts.google.com", "cognito-identity.amazonaws.com", "x"])
principals = st.just("*") | st.fixed_dictionaries(
    {},
    optional={
        "AWS": mostly(one_or_many(aws)),
        "Service": one_or_many(services),
        "Federated": one_or_many(providers),
    },
)
values = st.sampled_from(["a", "2024-02-29", "soon", "", 1, 1.5, True]) | texts
conditions = st.dictionaries(
    st.sampled_from([*WRITTEN, "stringequals"]),
    mostly(
        st.dictionaries(
            st.sampled_from(["aws:username", "aws:TagKeys", ""]) | texts,
            mostly(one_or_many(values)),
            max_size=2,
        )
    ),
    max_size=3,
)


@st.composite
def statements(draw: st.DrawFn, sound: bool = False) -> dict[str, Any]:
    """A statement; with `sound` one that the grammar takes."""
    keep = (lambda strategy: strategy) if sound else mostly
    least = 1 if sound else 0
    tree: dict[str, Any] = {"Effect": draw(keep(st.sampled_from(["Allow", "Deny"])))}
    if draw(st.booleans()):
        tree["Sid"] = draw(keep(sids))
    tree[draw(st.sampled_from(["Action", "NotAction"]))] = draw(keep(one_or_many(actions, least)))
    if draw(st.booleans()):
        tree[draw(st.sampled_from(["Resource", "NotResource"]))] = draw(keep(one_or_many(resources, least)))
    if draw(st.booleans()):
        tree[draw(st.sampled_from(["Principal", "NotPrincipal"]))] = draw(
            sound_principals if sound else keep(principals)
        )
    if draw(st.booleans()):
        tree["Condition"] = draw(sound_conditions if sound else keep(conditions))
    if not sound and draw(st.integers(0, 9)) == 0:
        tree[draw(noise)] = draw(junk)
    names = draw(st.permutations(sorted(tree)))
    return {name: tree[name] for name in names}


sound_principals = st.just("*") | st.dictionaries(
    st.sampled_from(["AWS", "Service", "Federated", "CanonicalUser"]), one_or_many(aws, 1), min_size=1
)
sound_conditions = st.dictionaries(
    st.sampled_from(sorted(WRITTEN)), st.dictionaries(texts, one_or_many(values), max_size=2), max_size=3
)


@st.composite
def trees(draw: st.DrawFn, sound: bool = False) -> dict[str, Any]:
    """A policy as a JSON value."""
    keep = (lambda strategy: strategy) if sound else mostly
    tree: dict[str, Any] = {}
    if draw(st.booleans()):
        tree["Version"] = draw(keep(st.sampled_from(["2012-10-17", "2008-10-17"])))
    if draw(st.booleans()):
        tree["Id"] = draw(keep(texts))
    several = statements(sound) | st.lists(statements(sound), min_size=1 if sound else 0, max_size=3)
    tree["Statement"] = draw(keep(several))
    return tree


def written(tree: Any, indent: int | None) -> str:
    return json.dumps(tree, indent=indent, ensure_ascii=False)


sound_texts = st.builds(written, trees(sound=True), st.none() | st.integers(0, 2))
policy_texts = st.builds(written, trees(), st.none() | st.integers(0, 2))


@st.composite
def broken_texts(draw: st.DrawFn) -> str:
    """A policy's text with a piece cut out, doubled or exchanged."""
    text = draw(policy_texts)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 30)))
    return text[:start] + draw(noise | st.just(text[start:end] * 2)) + text[end:]


any_texts = noise | st.text(max_size=60) | policy_texts | broken_texts()
