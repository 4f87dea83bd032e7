"""Whatever is sent as a certificate, a chain, an authority or a revocation list: refused in good form, or what it was."""

from __future__ import annotations

import base64
import contextlib
import time
import warnings
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from iam_rolesanywhere_session import IAMRolesAnywhereSigner

from certificates import Certified, authority, issue, name, revocation_list
from vestry.access.authenticate import Keyring, Message
from vestry.access.caller import Caller
from vestry.access.certified import prove_certificate
from vestry.access.proof import AtHand, Submission
from vestry.credentials.authorities import check_authorities, check_list, revokes
from vestry.credentials.vault import Vault
from vestry.directory.anywhere import AnywhereProfile, RevocationList, TrustAnchor
from vestry.directory.draft import Draft
from vestry.directory.entities import Settings
from vestry.directory.snapshot import Root
from vestry.errors import Fault, ValidationError

ACCOUNT, REGION = "111122223333", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
ROOT = authority("root")
BETWEEN = authority("between", ROOT)
HOLDER = issue(
    name("holder", (NameOID.ORGANIZATION_NAME, "Org")),
    BETWEEN,
    extensions=[
        (x509.SubjectAlternativeName([x509.DNSName("a.example"), x509.DirectoryName(name("n"))]), False)
    ],
)
ANCHOR = TrustAnchor(ACCOUNT, "11111111-1111-1111-1111-111111111111", REGION, "a", 1, 1, ROOT.pem, True)
PROFILE = AnywhereProfile(
    ACCOUNT, "22222222-2222-2222-2222-222222222222", REGION, "p", 1, 1, (ROLE,), enabled=True
)
LIST = RevocationList(
    ACCOUNT,
    "33333333-3333-3333-3333-333333333333",
    REGION,
    "l",
    1,
    1,
    ANCHOR.id,
    revocation_list(ROOT, issue("gone", ROOT)),
    True,
)
PARAMETERS = {"trustAnchorArn": ANCHOR.arn, "profileArn": PROFILE.arn, "roleArn": ROLE}


def root() -> Root:
    draft = Draft(Root())
    for entity in (Settings(ACCOUNT, "a", "i", 1), ANCHOR, PROFILE, LIST):
        draft.put(entity)
    return draft.root


class Signer(IAMRolesAnywhereSigner):  # type: ignore[misc]
    """Signs whatever is sent as certificates: the signature is right, what it rests on may not be."""

    def __init__(self, sent: bytes, chain: bytes) -> None:
        super().__init__(HOLDER.pem.encode(), HOLDER.key_pem)
        self.sent = {"X-Amz-X509": sent, "X-Amz-X509-Chain": chain}

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        super()._modify_request_before_signing(request)
        for header, der in self.sent.items():
            del request.headers[header]
            request.headers[header] = base64.b64encode(der).decode()


def prove(sent: bytes, chain: bytes) -> Caller:
    request = AWSRequest("POST", "http://here/sessions", data="{}")
    Signer(sent, chain).add_auth(request)
    headers = {key.lower().encode(): value.encode() for key, value in request.headers.items()}
    message = Message("POST", "/sessions", b"", headers, b"{}")
    now = int(time.time())
    keyring = Keyring(Vault(bytes(32)))
    return prove_certificate(
        Submission(PARAMETERS, message, ROOT_VALUE, now, now, AtHand(lambda _: None), keyring, "")
    )


ROOT_VALUE = root()


def der(one: Certified) -> bytes:
    return one.certificate.public_bytes(serialization.Encoding.DER)


def pem(raw: bytes, label: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, base64.encodebytes(raw), label)


def changed(raw: bytes) -> st.SearchStrategy[bytes]:
    """The same bytes with a few of them changed, left out or added."""
    place = st.integers(0, len(raw) - 1)
    change = st.tuples(place, st.integers(0, 3), st.binary(max_size=3))
    return st.lists(change, min_size=1, max_size=3).map(lambda changes: _apply(raw, changes))


def _apply(raw: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for place, gone, new in changes:
        raw = raw[:place] + new + raw[place + gone :]
    return raw


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def test_unchanged_it_is_proven() -> None:
    caller = prove(der(HOLDER), der(BETWEEN))
    assert caller.proof is not None
    assert caller.proof.tags[-1] == ("x509Subject/O", "Org")


@settings(max_examples=400, deadline=None)
@given(changed(der(HOLDER)))
def test_a_changed_certificate_is_refused_or_says_what_it_said(sent: bytes) -> None:
    with contextlib.suppress(Fault):
        prove(sent, der(BETWEEN))
        assert x509.load_der_x509_certificate(sent).tbs_certificate_bytes == (
            HOLDER.certificate.tbs_certificate_bytes
        )


@settings(max_examples=400, deadline=None)
@given(changed(der(BETWEEN)))
def test_a_changed_chain_is_refused_or_says_what_it_said(chain: bytes) -> None:
    with contextlib.suppress(Fault):
        prove(der(HOLDER), chain)
        assert x509.load_der_x509_certificate(chain).tbs_certificate_bytes == (
            BETWEEN.certificate.tbs_certificate_bytes
        )


@settings(max_examples=300, deadline=None)
@given(changed(der(ROOT)))
def test_a_changed_authority_is_refused_in_good_form(raw: bytes) -> None:
    with contextlib.suppress(ValidationError):
        check_authorities(pem(raw, b"CERTIFICATE").decode())


@settings(max_examples=300, deadline=None)
@given(changed(x509.load_pem_x509_crl(LIST.data).public_bytes(serialization.Encoding.DER)))
def test_a_changed_list_is_refused_in_good_form_or_can_be_asked(raw: bytes) -> None:
    data = pem(raw, b"X509 CRL")
    with contextlib.suppress(ValidationError):
        check_list(data, ROOT.pem)
        revokes([data], HOLDER.certificate, BETWEEN.certificate)
