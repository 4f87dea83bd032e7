"""How much of its allotted space a session's policies and tags take.

AWS packs session policy, ARNs and tags into a binary form whose limit it does not tell, and answers with the share
used. Ours is the deflated size against a fixed budget: the same parameters always give the same share.
Source: STS API reference, PackedPolicySize.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from vestry.limits import PACKED_BUDGET

#: A preset dictionary: what policies and ARNs have in common, the commonest last. INVARIANT: tokens in use were packed
#: with it, so it never changes; a better one needs a payload form of its own (`session`).
SESSION_WORDS = (
    b'"NotResource":"NotAction":["NumericLessThan":{"ArnNotLike":{"Null":{"DateGreaterThan":{"DateLessThan":{"'
    b'"ForAnyValue:StringEquals":{"ForAllValues:StringLike":{"IpAddress":{"aws:SourceIp":"aws:RequestedRegion"'
    b'"aws:PrincipalTag/aws:ResourceTag/${aws:PrincipalTag/${aws:username}ArnLike":{"StringNotEquals":{'
    b'"Bool":{"aws:MultiFactorAuthPresent":"true"}"StringLike":{"StringEquals":{"Condition":{"Sid":"'
    b'"dynamodb:Query","dynamodb:GetItem","sns:Publish","sqs:SendMessage","logs:PutLogEvents","kms:Decrypt",'
    b'"kms:GenerateDataKey","ec2:Describe*","sts:AssumeRole","iam:PassRole","iam:GetRole","iam:List*",'
    b'"s3:DeleteObject","s3:PutObject","s3:ListBucket","s3:GetObject","arn:aws:iam::aws:policy/'
    b"arn:aws:dynamodb:us-east-1:arn:aws:ec2:*:*:instance/*arn:aws:iam::123456789012:policy/arn:aws:s3:::"
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"]}]}'
    b'{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "", "Resource": "*"}]}'
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
)


def packed_size(policy_text: str, arns: Iterable[str], tags: Iterable[tuple[str, str]]) -> int:
    """Return the percentage of the budget that an inline policy ("" for none), ARNs and tags take.

    0 for nothing at all, at least 1 for anything; above 100 the caller refuses (PackedPolicyTooLarge).
    """
    parts = [policy_text] if policy_text else []
    parts += arns
    parts += [f"{key}\x1f{value}" for key, value in tags]
    if not parts:
        return 0
    size = len(deflated("\x1e".join(parts).encode("utf-8", "replace")))
    return -(-100 * size // PACKED_BUDGET)


def deflated(data: bytes, dictionary: bytes = b"") -> bytes:
    """Return `data` as a raw deflate stream at the highest level, with a preset dictionary where one is given."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, dictionary)
    return packer.compress(data) + packer.flush()


def inflated(data: bytes, limit: int, dictionary: bytes = b"") -> bytes | None:
    """Return what `deflated` packed, or None where it is not whole or would be longer than `limit` bytes."""
    unpacker = zlib.decompressobj(-15, dictionary)
    try:
        plain = unpacker.decompress(data, limit)
    except zlib.error:
        return None
    return plain if unpacker.eof and not unpacker.unused_data else None
