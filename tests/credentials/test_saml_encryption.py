"""Encrypted assertions; tests carry the numbers of `saml_encryption.decrypted` and of `saml._signed_assertion`."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from saml_documents import ENTITY, NOW, assertion, encoded, response, signed_response, signer, trust
from vestry.credentials.saml import verify_response
from vestry.credentials.saml_assertion import Assertion
from vestry.credentials.saml_encryption import CONTENT, read_private_key
from vestry.credentials.saml_xml import XmlRefused
from vestry.errors import InvalidIdentityToken

XENC, XENC11, DSIG = (
    "http://www.w3.org/2001/04/xmlenc#",
    "http://www.w3.org/2009/xmlenc11#",
    "http://www.w3.org/2000/09/xmldsig#",
)
GCM = f"{XENC11}aes256-gcm"
OWN = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
SHA1 = hashes.SHA1()  # noqa: S303
Wrap = Callable[[bytes], bytes]


def wrap(key: bytes, *, to: Any = OWN, padding: Any = None) -> bytes:
    made: bytes = to.public_key().encrypt(key, padding or OAEP(MGF1(SHA1), SHA1, None))
    return made


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def content(plain: bytes, key: bytes, algorithm: str) -> bytes:
    if CONTENT[algorithm][1]:
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plain, None)
    start, padding = os.urandom(16), 16 - len(plain) % 16
    maker = Cipher(AES(key), CBC(start)).encryptor()
    return start + maker.update(plain + os.urandom(padding - 1) + bytes([padding])) + maker.finalize()


def encrypted(
    plain: str,
    *,
    algorithm: str = GCM,
    wrapping: str = f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/>',
    wrapper: Wrap = wrap,
    beside: bool = False,
    edit: Callable[[str], str] = str,
    damage: Callable[[bytes], bytes] = bytes,
) -> str:
    key = os.urandom(CONTENT[algorithm][0])
    inner = (
        f"<xenc:EncryptedKey>{wrapping}<xenc:CipherData><xenc:CipherValue>{text(wrapper(key))}</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedKey>"
    )
    within, outside = ("", inner) if beside else (f"<ds:KeyInfo>{inner}</ds:KeyInfo>", "")
    made = (
        f'<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xenc="{XENC}" xmlns:xenc11="{XENC11}"'
        f' xmlns:ds="{DSIG}"><xenc:EncryptedData><xenc:EncryptionMethod Algorithm="{algorithm}"/>{within}'
        f"<xenc:CipherData><xenc:CipherValue>{text(damage(content(plain.encode(), key, algorithm)))}</xenc:CipherValue>"
        f"</xenc:CipherData></xenc:EncryptedData>{outside}</saml:EncryptedAssertion>"
    )
    changed = edit(made)
    assert edit is str or changed != made, "the case changes nothing"
    return changed


def signed() -> str:
    return signer().sign(assertion())


def verify(inner: str, *, sign_response: bool = False, **known: Any) -> Assertion:
    made = response(inner)
    if sign_response:
        made = signer().sign(made)
    return verify_response(encoded(made), trust(**({"private_keys": (OWN,)} | known)), NOW)


def refused(inner: str, why: str, **known: Any) -> None:
    with pytest.raises(InvalidIdentityToken) as caught:
        verify(inner, **known)
    assert caught.value.message == "Response signature invalid"
    assert why in caught.value.hint


@pytest.mark.parametrize("algorithm", CONTENT)
@pytest.mark.parametrize("beside", [True, False], ids=["key beside", "key within"])
def test_1_every_algorithm_of_aes_decrypts(algorithm: str, beside: bool) -> None:
    assert verify(encrypted(signed(), algorithm=algorithm, beside=beside)).name == "alice@example.com"


OAEPS = [
    (
        "mgf1p with a digest of its own",
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="{XENC}sha256"/></xenc:EncryptionMethod>',
        OAEP(MGF1(SHA1), hashes.SHA256(), None),
    ),
    (
        "mgf1p told to be SHA-1",
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="{DSIG}sha1"/></xenc:EncryptionMethod>',
        None,
    ),
    (
        "oaep of version 1.1",
        f'<xenc:EncryptionMethod Algorithm="{XENC11}rsa-oaep"><ds:DigestMethod Algorithm="{XENC}sha512"/><xenc11:MGF Algorithm="{XENC11}mgf1sha256"/></xenc:EncryptionMethod>',
        OAEP(MGF1(hashes.SHA256()), hashes.SHA512(), None),
    ),
    *(
        (
            f"oaep of version 1.1 with {name} twice",
            f'<xenc:EncryptionMethod Algorithm="{XENC11}rsa-oaep"><ds:DigestMethod Algorithm="{digest}"/>'
            f'<xenc11:MGF Algorithm="{XENC11}mgf1{name}"/></xenc:EncryptionMethod>',
            OAEP(MGF1(algorithm), algorithm, None),
        )
        for name, digest, algorithm in (
            ("sha1", f"{DSIG}sha1", SHA1),
            ("sha256", f"{XENC}sha256", hashes.SHA256()),
            ("sha384", "http://www.w3.org/2001/04/xmldsig-more#sha384", hashes.SHA384()),
            ("sha512", f"{XENC}sha512", hashes.SHA512()),
        )
    ),
    (
        "mgf1p, which has SHA-1 for its mask whatever it is told",
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"><xenc11:MGF Algorithm="{XENC11}mgf1sha256"/></xenc:EncryptionMethod>',
        None,
    ),
    (
        "with a label",
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"><xenc:OAEPparams>{text(b"words")}</xenc:OAEPparams></xenc:EncryptionMethod>',
        OAEP(MGF1(SHA1), SHA1, b"words"),
    ),
]


@pytest.mark.parametrize(("method", "padding"), [row[1:] for row in OAEPS], ids=[row[0] for row in OAEPS])
def test_2_every_kind_of_oaep_unwraps(method: str, padding: Any) -> None:
    inner = encrypted(signed(), wrapping=method, wrapper=lambda key: wrap(key, padding=padding))
    assert verify(inner).name == "alice@example.com"


def test_3_any_private_key_of_the_provider_opens() -> None:
    assert verify(encrypted(signed()), private_keys=(OTHER, OWN)).name == "alice@example.com"


def test_an_encrypted_assertion_in_a_signed_response_needs_no_signature_of_its_own() -> None:
    assert verify(encrypted(assertion()), sign_response=True).name == "alice@example.com"


def test_a_provider_that_requires_encryption_takes_nothing_else() -> None:
    assert verify(encrypted(signed()), encrypted_only=True).name == "alice@example.com"
    refused(signed(), "requires encrypted assertions", encrypted_only=True)
    refused(signed(), "requires encrypted assertions", encrypted_only=True, sign_response=True)


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda made: made.replace(old, new)


KEY_START, KEY_END = "<xenc:EncryptedKey>", "</xenc:EncryptedKey>"


def several(times: int) -> Callable[[str], str]:
    def edit(made: str) -> str:
        start, end = made.index(KEY_START), made.index(KEY_END) + len(KEY_END)
        return made[:start] + made[start:end] * times + made[end:]

    return edit


EDITS = [
    ("1: nothing is encrypted", replaced("xenc:EncryptedData", "xenc:Data"), "nothing is encrypted"),
    (
        "1: no algorithm",
        replaced(f'<xenc:EncryptionMethod Algorithm="{GCM}"/>', ""),
        "the algorithm of encryption is not accepted",
    ),
    ("1: triple DES", replaced(GCM, f"{XENC}tripledes-cbc"), "the algorithm of encryption is not accepted"),
    ("1: another mode", replaced(GCM, f"{XENC}aes256-ctr"), "the algorithm of encryption is not accepted"),
    ("2: no key", replaced("xenc:EncryptedKey", "xenc:Key"), "encrypted for nobody"),
    ("2: five keys", several(5), "or for too many"),
    ("2: PKCS #1", replaced("rsa-oaep-mgf1p", "rsa-1_5"), "not wrapped with RSA-OAEP"),
    (
        "2: no way of wrapping",
        replaced(f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/>', ""),
        "not wrapped with RSA-OAEP",
    ),
    (
        "2: an unknown digest",
        replaced('mgf1p"/>', f'mgf1p"><ds:DigestMethod Algorithm="{DSIG}md5"/></xenc:EncryptionMethod>'),
        "the digest of RSA-OAEP",
    ),
    (
        "2: a label that is not base64",
        replaced('mgf1p"/>', 'mgf1p"><xenc:OAEPparams>!</xenc:OAEPparams></xenc:EncryptionMethod>'),
        "not base64",
    ),
    (
        "a ciphertext that is not there",
        replaced("xenc:CipherData>", "xenc:CipherWords>"),
        "not in the document",
    ),
    ("3: a key of another length", replaced(GCM, f"{XENC11}aes128-gcm"), "does not decrypt"),
    ("4: the other mode", replaced(GCM, f"{XENC}aes256-cbc"), ""),
    ("no ciphertext", replaced("<xenc:CipherValue>", "<xenc:CipherValue>!"), "not base64"),
    (
        "a ciphertext that is elsewhere",
        lambda made: made.replace("xenc:CipherValue", "xenc:CipherReference"),
        "not in the document",
    ),
]


@pytest.mark.parametrize(("edit", "why"), [row[1:] for row in EDITS], ids=[row[0] for row in EDITS])
def test_what_is_refused(edit: Callable[[str], str], why: str) -> None:
    refused(encrypted(signed(), edit=edit), why)


def test_2_four_keys_are_not_too_many() -> None:
    assert verify(encrypted(signed(), edit=several(4))).name == "alice@example.com"


def test_2_a_key_that_is_really_wrapped_as_in_pkcs1_is_refused() -> None:
    method = f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-1_5"/>'
    inner = encrypted(signed(), wrapping=method, wrapper=lambda key: wrap(key, padding=PKCS1v15()))
    refused(inner, "not wrapped with RSA-OAEP")


@pytest.mark.parametrize("keys", [(), (OTHER,)], ids=["no key", "another key"])
def test_3_without_the_key_it_does_not_open(keys: tuple[rsa.RSAPrivateKey, ...]) -> None:
    refused(encrypted(signed()), "does not decrypt", private_keys=keys)


DAMAGES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("a bit of the text", lambda raw: raw[:40] + bytes([raw[40] ^ 1]) + raw[41:]),
    ("the last byte", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])),
    ("cut short", lambda raw: raw[:20]),
    ("cut to nothing", lambda raw: b""),
    ("a byte too many", lambda raw: raw + b"x"),
]


@pytest.mark.parametrize("algorithm", CONTENT)
@pytest.mark.parametrize("damage", [row[1] for row in DAMAGES], ids=[row[0] for row in DAMAGES])
def test_4_and_5_a_damaged_ciphertext_is_refused_in_the_same_words(
    algorithm: str, damage: Callable[[bytes], bytes]
) -> None:
    refused(encrypted(signed(), algorithm=algorithm, damage=damage), "")


@pytest.mark.parametrize("padding", [0, 17, 32, 255])
def test_4_a_padding_is_one_block_at_most(padding: int) -> None:
    """Whoever cut off more, or nothing, would find a whole assertion before it."""
    plain = signed()
    plain += " " * (-len(plain) % 16)

    def ending(made: bytes, key: bytes) -> bytes:
        start = os.urandom(16)
        maker = Cipher(AES(key), CBC(start)).encryptor()
        return start + maker.update(made) + maker.finalize()

    cbc, key = f"{XENC}aes256-cbc", os.urandom(32)
    tail = bytes([padding]) * 16 if not padding else b" " * (256 - 1) + bytes([padding])
    whole = encrypted(plain, algorithm=cbc, wrapper=lambda _: wrap(key))
    start = whole.rindex("<xenc:CipherValue>") + len("<xenc:CipherValue>")
    made = whole[:start] + text(ending(plain.encode() + tail, key)) + whole[whole.index("<", start) :]
    refused(made, "does not decrypt")


def test_2_a_signature_beside_what_is_encrypted_is_refused() -> None:
    beside = f'<ds:Signature xmlns:ds="{DSIG}"/></saml:EncryptedAssertion>'
    refused(encrypted(signed(), edit=replaced("</saml:EncryptedAssertion>", beside)), "where none belongs")


INSIDE = [
    ("not signed", assertion(), "neither the response nor the assertion is signed"),
    ("signed by somebody else", signer("other").sign(assertion()), "does not verify"),
    ("two assertions", f"<x>{assertion()}{assertion()}</x>", "not one assertion"),
    (
        "another assertion inside",
        signed().replace(
            "<saml:Subject>", f"<saml:Advice>{assertion(identifier='_2')}</saml:Advice><saml:Subject>"
        ),
        "not one assertion",
    ),
    ("an encrypted one inside", encrypted(assertion()), "not one assertion"),
    ("a response", response(assertion()), "not one assertion"),
    ("not XML", "words", "not well formed"),
    ("a comment", signed().replace("alice@", "alice<!-- -->@"), "comments"),
    (
        "an external entity",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + signed(),
        "document type",
    ),
    (
        "a signature further in",
        signed().replace("<saml:Subject>", f'<saml:Subject><ds:Signature xmlns:ds="{DSIG}"/>'),
        "where none belongs",
    ),
]


@pytest.mark.parametrize(("plain", "why"), [row[1:] for row in INSIDE], ids=[row[0] for row in INSIDE])
def test_5_what_is_inside_is_judged_like_what_is_outside(plain: str, why: str) -> None:
    refused(encrypted(plain), why)


def test_5_the_issuer_inside_must_be_the_provider() -> None:
    inner = encrypted(signer().sign(assertion(issuer="https://other.example.com")))
    with pytest.raises(InvalidIdentityToken, match="Issuer not present in specified provider"):
        verify(inner)


def test_an_assertion_in_the_clear_beside_an_encrypted_one_is_refused() -> None:
    refused(encrypted(signed()) + signed(), "there is not exactly one assertion")


def test_a_plain_assertion_needs_no_private_key() -> None:
    assert verify_response(signed_response(), trust(), NOW).issuer == ENTITY


# ── Private keys ─────────────────────────────────────────────────────────────────────────────────────────────────
def pem(key: Any, form: Any = serialization.PrivateFormat.PKCS8, secret: bytes | None = None) -> str:
    cover = serialization.NoEncryption() if secret is None else serialization.BestAvailableEncryption(secret)
    made: bytes = key.private_bytes(serialization.Encoding.PEM, form, cover)
    return made.decode()


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_a_private_key_is_read(form: Any) -> None:
    assert read_private_key(pem(OWN, form)).private_numbers() == OWN.private_numbers()


@pytest.mark.parametrize(
    "made",
    [
        "words",
        "ÿ",
        pem(OWN, secret=b"word"),
        pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(ed25519.Ed25519PrivateKey.generate()),
        OWN.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    ],
    ids=[
        "not a key",
        "not ASCII",
        "with a pass phrase",
        "too short",
        "of a curve",
        "of another curve",
        "a public key",
    ],
)
def test_what_is_no_private_key_is_refused(made: str) -> None:
    with pytest.raises(XmlRefused):
        read_private_key(made)
