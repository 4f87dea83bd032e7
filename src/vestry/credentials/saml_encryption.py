"""Encrypted assertions: XML Encryption, as far as SAML needs it and no further.

A content key is wrapped with RSA-OAEP for the provider's private key here, and the assertion is encrypted under it with
AES. RSA PKCS #1 v1.5 and triple DES are not read: the first can be opened by asking often enough.
AES-CBC proves nothing of the content: what is decrypted is only believed under a signature, and whoever calls answers
every failure, of decrypting or of verifying, with the same words.
Source: XML Encryption 1.1 (W3C), 5.2 and 5.5.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vestry.credentials.saml_xml import ENCRYPTION, Element, XmlRefused, children, ds, only_child, xenc

_XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
#: Content algorithm -> bytes of its key, and whether it is GCM.
CONTENT: Final = {
    f"{ENCRYPTION}aes128-cbc": (16, False),
    f"{ENCRYPTION}aes192-cbc": (24, False),
    f"{ENCRYPTION}aes256-cbc": (32, False),
    f"{_XENC11}aes128-gcm": (16, True),
    f"{_XENC11}aes192-gcm": (24, True),
    f"{_XENC11}aes256-gcm": (32, True),
}
OAEP_MGF1_SHA1: Final = f"{ENCRYPTION}rsa-oaep-mgf1p"
OAEP_ANY: Final = f"{_XENC11}rsa-oaep"
_DIGESTS: Final[dict[str | None, type[hashes.HashAlgorithm]]] = {
    None: hashes.SHA1,
    "http://www.w3.org/2000/09/xmldsig#sha1": hashes.SHA1,
    f"{ENCRYPTION}sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384,
    f"{ENCRYPTION}sha512": hashes.SHA512,
}
_GENERATORS: Final[dict[str | None, type[hashes.HashAlgorithm]]] = {
    None: hashes.SHA1,
    f"{_XENC11}mgf1sha1": hashes.SHA1,
    f"{_XENC11}mgf1sha256": hashes.SHA256,
    f"{_XENC11}mgf1sha384": hashes.SHA384,
    f"{_XENC11}mgf1sha512": hashes.SHA512,
}
_NONCE, _BLOCK, _TAG = 12, 16, 16
_WRAPPED_KEYS = 4  # one for each of several recipients
_KEY_BITS = 2048


def read_private_key(pem: str) -> RSAPrivateKey:
    """Return the RSA key, of 2048 bits or more, that a PEM file without a pass phrase holds. Raises XmlRefused."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise XmlRefused("the private key cannot be read") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _KEY_BITS:
        raise XmlRefused("the private key is not RSA of 2048 bits or more")
    return key


def decrypted(encrypted: Element, keys: Sequence[RSAPrivateKey]) -> bytes:
    """Return the bytes of the assertion in an EncryptedAssertion, or raise XmlRefused.

    1. It holds one EncryptedData, whose algorithm is AES in CBC or GCM mode.
    2. It holds one to four EncryptedKeys, in the data's KeyInfo or beside it, wrapped with RSA-OAEP.
    3. One of them opens with one of `keys`, and has the length that the algorithm needs.
    4. The content decrypts: its tag (GCM) or its padding (CBC) is right.

    Ciphertexts are read from the document only, never from elsewhere.
    """
    data = only_child(encrypted, xenc("EncryptedData"))
    if data is None:  # 1
        raise XmlRefused("nothing is encrypted")
    algorithm = _algorithm(data)
    if algorithm not in CONTENT:  # 1
        raise XmlRefused("the algorithm of encryption is not accepted")
    size, counter = CONTENT[algorithm]
    wrapped = _wrapped_keys(encrypted, data)
    if not 0 < len(wrapped) <= _WRAPPED_KEYS:  # 2
        raise XmlRefused("the assertion is encrypted for nobody, or for too many")
    content = _cipher_value(data)
    for key in _content_keys(wrapped, keys):
        if len(key) == size:  # 3
            opened = _opened_gcm(key, content) if counter else _opened_cbc(key, content)
            if opened is not None:  # 4
                return opened
    raise XmlRefused("the assertion does not decrypt with a private key of the provider")


def _wrapped_keys(encrypted: Element, data: Element) -> list[Element]:
    information = only_child(data, ds("KeyInfo"))
    inside = [] if information is None else children(information, xenc("EncryptedKey"))
    return [*inside, *children(encrypted, xenc("EncryptedKey"))]


def _content_keys(wrapped: Sequence[Element], keys: Sequence[RSAPrivateKey]) -> Iterator[bytes]:
    for element in wrapped:
        padding, value = _padding(element), _cipher_value(element)
        for key in keys:
            try:
                yield key.decrypt(value, padding)
            except ValueError:
                continue


def _padding(element: Element) -> OAEP:
    """Return the OAEP padding of an EncryptedKey. Raises XmlRefused for every other way of wrapping a key."""
    method = only_child(element, xenc("EncryptionMethod"))
    algorithm = None if method is None else method.get("Algorithm")
    if method is None or algorithm not in (OAEP_MGF1_SHA1, OAEP_ANY):
        raise XmlRefused("the key is not wrapped with RSA-OAEP")
    digest = only_child(method, ds("DigestMethod"))
    generator = only_child(method, f"{{{_XENC11}}}MGF") if algorithm == OAEP_ANY else None
    label = only_child(method, xenc("OAEPparams"))
    try:
        hashed = _DIGESTS[None if digest is None else digest.get("Algorithm", "")]
        masked = _GENERATORS[None if generator is None else generator.get("Algorithm", "")]
    except KeyError:
        raise XmlRefused("the digest of RSA-OAEP is not accepted") from None
    return OAEP(MGF1(masked()), hashed(), None if label is None else _decoded(label))


def _opened_gcm(key: bytes, content: bytes) -> bytes | None:
    if len(content) < _NONCE + _TAG:
        return None
    try:
        return AESGCM(key).decrypt(content[:_NONCE], content[_NONCE:], None)
    except InvalidTag:
        return None


def _opened_cbc(key: bytes, content: bytes) -> bytes | None:
    if len(content) < 2 * _BLOCK or len(content) % _BLOCK:
        return None
    opener = Cipher(AES(key), CBC(content[:_BLOCK])).decryptor()
    plain = opener.update(content[_BLOCK:]) + opener.finalize()
    padding = plain[-1]
    return plain[:-padding] if 0 < padding <= _BLOCK else None


def _algorithm(element: Element) -> str | None:
    method = only_child(element, xenc("EncryptionMethod"))
    return None if method is None else method.get("Algorithm")


def _cipher_value(element: Element) -> bytes:
    data = only_child(element, xenc("CipherData"))
    value = None if data is None else only_child(data, xenc("CipherValue"))
    if value is None:
        raise XmlRefused("the ciphertext is not in the document")
    return _decoded(value)


def _decoded(element: Element) -> bytes:
    try:
        return b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise XmlRefused("the ciphertext is not base64") from None
