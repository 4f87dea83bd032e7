"""Packed sizes: deterministic, monotonous enough to be understood, and nothing for nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.credentials.packed import deflated, inflated, packed_size


def noise(length: int) -> str:
    return "".join(
        random.Random(length).choices(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=length
        )
    )


CASES = {
    "nothing takes nothing": ("", (), (), 0),
    "the smallest policy takes one per cent": ("{}", (), (), 1),
    "one ARN": ("", ("arn:aws:iam::aws:policy/ReadOnlyAccess",), (), 2),
    "one tag with an empty value": ("", (), (("k", ""),), 1),
}


@pytest.mark.parametrize(("policy", "arns", "tags", "percent"), CASES.values(), ids=CASES)
def test_packed_size(policy, arns, tags, percent):
    assert packed_size(policy, arns, tags) == percent


def test_an_ordinary_policy_fits_well_and_fifty_long_tags_do_not():
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    assert 1 <= packed_size(policy, (), ()) <= 6
    assert packed_size("", (), tuple((noise(100 + n), noise(200 + n)) for n in range(50))) > 100


def test_what_does_not_compress_is_counted_in_full():
    assert 75 <= packed_size(noise(2048), (), ()) <= 80  # 62 characters: six bits of eight each


def test_names_and_values_of_tags_are_kept_apart():
    assert packed_size("", (), (("a" * 3, "b"),)) == packed_size("", (), (("a", "b" * 3),)) == 1


def test_a_lone_surrogate_is_no_error():
    assert packed_size("\ud800", (), ()) == 1


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=500), st.binary(max_size=60))
def test_what_was_deflated_inflates_with_the_same_dictionary(data, dictionary):
    packed = deflated(data, dictionary)
    assert inflated(packed, 500, dictionary) == data
    assert inflated(packed[:-1], 500, dictionary) is None


def test_inflating_stops_at_the_limit():
    assert inflated(deflated(bytes(1000)), 1000) == bytes(1000)
    assert inflated(deflated(bytes(1001)), 1000) is None
