"""The instance metadata service: one request of one instance, answered from a Root.

In order, whatever is asked:

1. The instance exists (404); it runs, and its endpoint is enabled (403).
2. `/latest/api/token` answers PUT alone (405); not through a proxy (403); with a life in seconds that is allowed (400).
   The token of another version's path is refused (403).
3. Everything else answers GET and HEAD (405).
4. A session token, where one is sent, is this instance's and has not ended (401); where tokens are required, one is
   sent (401).
5. The path is there (404).

Sources: EC2 User Guide, "How Instance Metadata Service Version 2 works" and "Retrieve instance metadata".
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from urllib.parse import unquote

from vestry.access.authenticate import Keyring
from vestry.access.documents import Documents
from vestry.directory.machines import RUNNING, Instance
from vestry.directory.snapshot import Root
from vestry.metadata import document_rows, identity_rows, machine_rows, network_rows, role_rows
from vestry.metadata.exchange import Ask, Reply
from vestry.metadata.minted import Minted
from vestry.metadata.pages import SERVER, not_allowed, refusal
from vestry.metadata.proving import Signer
from vestry.metadata.tokens import SALT_BYTES, make_token, token_end, wanted_life
from vestry.metadata.tree import Tree
from vestry.metadata.versions import VERSIONS
from vestry.metadata.view import View

TOKEN = b"x-aws-ec2-metadata-token"
TOKEN_LIFE = b"x-aws-ec2-metadata-token-ttl-seconds"
_LIFE_OUT = b"X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
FORWARDED = b"x-forwarded-for"

ISSUING_PATH = "latest/api/token"

TREE = Tree(
    (*machine_rows.ROWS, *network_rows.ROWS, *role_rows.ROWS, *identity_rows.ROWS, *document_rows.ROWS),
    names={
        role_rows.ROLES: role_rows.role_names,
        network_rows.MACS: network_rows.macs,
        machine_rows.TAGS: machine_rows.tag_keys,
    },
    shown={machine_rows.PUBLIC_KEY: machine_rows.shown_key},
)

_VERSIONS = frozenset(VERSIONS)
_TEXT, _BYTES = (b"Content-Type", b"text/plain"), (b"Content-Type", b"application/octet-stream")
_NO_RANGES, _RANGES = (b"Accept-Ranges", b"none"), (b"Accept-Ranges", b"bytes")


class Imds:
    """Answers instances. It holds the installation's secrets, compiled policies, and credentials and signatures that were
    made, all of them pure results, and remembers nothing of requests.

    `entropy` returns fresh random bytes.
    """

    def __init__(self, keyring: Keyring, documents: Documents, entropy: Callable[[int], bytes]) -> None:
        self.keyring = keyring
        self.documents = documents
        self.entropy = entropy
        self.minted = Minted()
        self.signer = Signer(keyring)

    def answer(self, root: Root, instance_id: str, ask: Ask, now: int) -> Reply:
        """Return the answer to what an instance asks; `now` is the session clock's reading in epoch seconds."""
        instance = root.instance(instance_id)
        if instance is None:  # 1
            return refusal(404)
        if instance.state != RUNNING or instance.options.endpoint != "enabled":  # 1
            return refusal(403)
        path = ask.path
        if path.endswith("/api/token"):
            return self._token(root, instance, ask, now)
        if ask.method not in ("GET", "HEAD"):  # 3
            return not_allowed(b"GET, HEAD")
        account = root.accounts[instance.account]
        ring = self.keyring.ring(root)
        token = ask.headers.get(TOKEN)
        left = 0
        if token is not None:
            left = token_end(ring, instance, account.settings.incarnation, token) - now
        if left <= 0 and (token is not None or instance.options.tokens == "required"):  # 4
            return refusal(401)
        view = View(
            root,
            account,
            instance,
            now,
            "2.0" if left else "1.0",
            ring,
            self.documents,
            self.minted,
            self.signer,
        )
        found = _found(view, path)
        if found is None:  # 5
            return refusal(404)
        return _reply(found, instance, left)

    def _token(self, root: Root, instance: Instance, ask: Ask, now: int) -> Reply:
        """2. A client that is led here by an address with a slash at its end sends two."""
        if ask.path.lstrip("/") != ISSUING_PATH:
            return refusal(403)
        if ask.method != "PUT":
            return not_allowed(b"OPTIONS, PUT")
        if FORWARDED in ask.headers:
            return refusal(403)
        life = wanted_life(ask.headers.get(TOKEN_LIFE))
        if life is None:
            return refusal(400)
        incarnation = root.accounts[instance.account].settings.incarnation
        token = make_token(
            self.keyring.ring(root), instance, incarnation, now + life, self.entropy(SALT_BYTES)
        )
        headers = [_TEXT, (_LIFE_OUT, str(life).encode()), SERVER]
        return Reply(200, headers, token.encode(), hops=instance.options.hop_limit)


def _found(view: View, path: str) -> str | bytes | None:
    """Return what is at a path, with or without a slash at its end."""
    if "%" in path:
        path = unquote(path)
    version, _, rest = path.strip("/").partition("/")
    if not version:
        return "\n".join(VERSIONS)
    return TREE.find(view, rest.lstrip("/")) if version in _VERSIONS else None


def _reply(found: str | bytes, instance: Instance, left: int) -> Reply:
    kind, ranges = (_TEXT, _NO_RANGES) if isinstance(found, str) else (_BYTES, _RANGES)
    headers = [kind, ranges, (b"Last-Modified", _date(instance.changed or instance.started)), SERVER]
    if left:
        headers.append((_LIFE_OUT, str(left).encode()))
    return Reply(200, headers, found.encode() if isinstance(found, str) else found)


@lru_cache(maxsize=1024)
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()
