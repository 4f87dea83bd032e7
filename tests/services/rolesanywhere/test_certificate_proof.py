"""What a certificate proves, rule by rule: the numbers are those of `read_certified`, `verify_certified`, `check_path`
and `prove_certificate`."""

from __future__ import annotations

import base64
import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from iam_rolesanywhere_session import IAMRolesAnywhereSigner

from anywhere import Reply, Site, bundle, der
from certificates import Certified, authority, ec_key, issue, name, revocation_list, rsa_key, usage
from places import Place
from raw import send
from serving import Server, serving

UNTRUSTED = (403, "AccessDeniedException", "Untrusted signing certificate")
INSUFFICIENT = (403, "AccessDeniedException", "Untrusted certificate. Insufficient certificate")
EXPIRED = (403, "AccessDeniedException", "Untrusted certificate. Expired certificate")
REVOKED = (403, "AccessDeniedException", "Untrusted certificate. Revoked certificate")


@pytest.fixture(scope="module")
def site(server: Server) -> Site:
    return Site(Place(server))


def altered(site: Site, change: Callable[[AWSRequest], None], *chain: Certified, **more: Any) -> Reply:
    """The answer to a request that is changed after it was signed."""
    request = site.request(site.holder(), *chain, **more)
    change(request)
    return site.ask(request)


def header(name: str, change: Callable[[str], str | None]) -> Callable[[AWSRequest], None]:
    """A change of one header; None takes it away."""

    def apply(request: AWSRequest) -> None:
        value = change(request.headers.get(name, ""))
        del request.headers[name]
        if value is not None:
            request.headers[name] = value

    return apply


# ── read_certified ───────────────────────────────────────────────────────────────────────────────────────────────
def test_read_1_nothing_signed_is_no_authentication(site: Site) -> None:
    answer = send(site.place.server.endpoint, "POST", "/sessions", {}, b"{}")
    assert answer.headers["x-amzn-errortype"] == "ValidationException", "the parameters are looked at first"
    found = altered(site, header("Authorization", lambda _: None))
    assert found.refused == (403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    assert (
        altered(site, header("Authorization", lambda _: "Bearer x")).code
        == "MissingAuthenticationTokenException"
    )


@pytest.mark.parametrize(
    "algorithm", ["AWS4-HMAC-SHA256", "AWS4-X509-RSA-SHA1", "AWS4-X509-MLDSA", "AWS4-X509"]
)
def test_read_1_other_algorithms_are_refused(site: Site, algorithm: str) -> None:
    found = altered(site, header("Authorization", lambda text: algorithm + text[text.index(" ") :]))
    assert found.refused == (
        403,
        "IncompleteSignatureException",
        f"Unsupported AWS 'algorithm': '{algorithm}'.",
    )


@pytest.mark.parametrize("part", ["Credential=", "SignedHeaders=", "Signature="])
def test_read_2_no_part_is_missing(site: Site, part: str) -> None:
    found = altered(site, header("Authorization", lambda text: text.replace(part, "Other=")))
    assert found.code == "IncompleteSignatureException"


def test_read_2_no_part_is_repeated_and_the_date_is_one(site: Site) -> None:
    twice = header("Authorization", lambda text: f"{text}, Signature=00")
    assert altered(site, twice).code == "IncompleteSignatureException"
    for date in (None, "today"):
        found = altered(site, header("X-Amz-Date", lambda _, date=date: date))
        assert found.code == "IncompleteSignatureException"


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-amz-x509", "x-amz-x509-chain"])
def test_read_3_what_matters_is_signed(site: Site, name: str) -> None:
    unsigned = header("Authorization", lambda text: text.replace(f"{name};", "").replace(f";{name},", ","))
    found = altered(site, unsigned, site.root)
    assert found.code == "InvalidSignatureException"
    assert "must be a 'SignedHeader'" in found.body["message"]


def test_read_4_the_credential_begins_with_a_serial_number(site: Site) -> None:
    for change in (
        lambda text: text.replace("Credential=", "Credential=x"),
        lambda text: text.replace("Credential=", "Credential=0"),
        lambda text: text.replace("/aws4_request", "/aws4_request/more"),
    ):
        assert altered(site, header("Authorization", change)).code == "IncompleteSignatureException"


def test_read_5_the_certificate_is_sent_and_can_be_read(site: Site) -> None:
    for change in (lambda _: None, lambda _: "!", lambda _: "AAAA", lambda text: text[:-8]):
        assert altered(site, header("X-Amz-X509", change)).code == "IncompleteSignatureException"
    assert (
        altered(site, header("X-Amz-X509-Chain", lambda _: "AAAA"), site.root).code
        == "IncompleteSignatureException"
    )


def test_read_5_a_chain_has_at_most_five_certificates(site: Site) -> None:
    many = [authority(f"stranger {number}") for number in range(6)]
    assert site.session(site.holder(), *many[:5]).status == 201, (
        "certificates that do not belong are passed over"
    )
    assert site.session(site.holder(), *many).code == "IncompleteSignatureException"


def test_read_6_the_serial_number_is_the_certificates(site: Site) -> None:
    found = altered(site, header("Authorization", lambda text: text.replace("Credential=", "Credential=1")))
    assert found.code == "InvalidSignatureException"


# ── verify_certified ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("key", "other"), [(ec_key(), "RSA"), (rsa_key(), "ECDSA")], ids=["EC", "RSA"])
def test_verify_1_a_key_signs_by_no_other_algorithm(
    site: Site, key: Any, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IAMRolesAnywhereSigner, "algorithm", f"AWS4-X509-{other}-SHA256")
    assert site.session(site.holder(key=key)).code == "InvalidSignatureException"


def test_verify_1_the_algorithm_is_that_of_the_key(site: Site) -> None:
    found = altered(site, header("Authorization", lambda text: text.replace("ECDSA", "RSA")))
    assert found.code == "InvalidSignatureException"


@pytest.mark.parametrize(
    "key", [rsa_key(1024), ec.generate_private_key(ec.SECP224R1())], ids=["RSA-1024", "P-224"]
)
def test_verify_1_a_weak_key_signs_nothing(site: Site, key: Any) -> None:
    assert site.session(site.holder(key=key)).code == "InvalidSignatureException"


def test_verify_1_a_key_that_takes_long_to_verify_with_signs_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = site.holder(key=rsa_key(3072))
    monkeypatch.setattr("vestry.limits.RSA_MOST_BITS", 3072)
    assert site.session(holder).status == 201
    monkeypatch.setattr("vestry.limits.RSA_MOST_BITS", 3071)
    assert site.session(holder).code == "InvalidSignatureException"


def test_verify_1_stronger_keys_are_as_good(site: Site) -> None:
    for key in (
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa_key(3072),
    ):
        assert site.session(site.holder(key=key)).status == 201


@pytest.mark.parametrize("name", ["X-Amz-Date", "Content-Type", "Host"])
def test_verify_2_a_changed_header_breaks_the_signature(site: Site, name: str) -> None:
    def other(text: str) -> str:
        return (
            text.replace("Z", "")[:-1] + ("1" if text[-2] != "1" else "2") + "Z"
            if name == "X-Amz-Date"
            else f"{text}x"
        )

    if name == "Host":
        other = lambda _: "elsewhere.example"  # noqa: E731
    assert altered(site, header(name, other)).code == "InvalidSignatureException"


def test_verify_2_a_changed_body_query_method_or_path_breaks_the_signature(site: Site) -> None:
    def body(request: AWSRequest) -> None:
        request.data = request.data.replace('"trustAnchorArn"', ' "trustAnchorArn"')

    def query(request: AWSRequest) -> None:
        request.url += "?durationSeconds=900"

    assert altered(site, body).code == "InvalidSignatureException"
    assert altered(site, query).code == "InvalidSignatureException"


def test_verify_2_a_body_that_only_claims_its_hash_proves_nothing(site: Site) -> None:
    request = site.request(site.holder())
    request.headers["X-Amz-Content-Sha256"] = "UNSIGNED-PAYLOAD"
    assert site.ask(request).code == "InvalidSignatureException"


def test_verify_3_the_signature_is_the_certificates_own(site: Site) -> None:
    holder, other = site.holder(), site.holder()
    stolen = Certified(holder.certificate, other.key)
    assert site.session(stolen).code == "InvalidSignatureException"
    for change in (
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text[: text.index("Signature=")] + "Signature=zz",
        lambda text: text[: text.index("Signature=")] + "Signature=00",
    ):
        assert altered(site, header("Authorization", change)).code == "InvalidSignatureException"


def test_verify_3_another_certificate_of_the_same_serial_number_is_another(site: Site) -> None:
    holder, other = site.holder(serial=77), site.holder("other", serial=77)
    request = site.request(holder)
    header("X-Amz-X509", lambda _: base64.b64encode(der(other)).decode())(request)
    assert site.ask(request).code == "InvalidSignatureException"


def test_verify_3_rsa_is_pkcs1_v15_and_nothing_else(site: Site) -> None:
    class Pss(IAMRolesAnywhereSigner):  # type: ignore[misc]
        def signature(self, string_to_sign: str, _: Any = None) -> str:
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            signed: bytes = self.private_key.sign(string_to_sign.encode(), scheme, hashes.SHA256())
            return signed.hex()

    holder = site.holder(key=rsa_key())
    request = site.request(holder)
    Pss(holder.pem.encode(), holder.key_pem).add_auth(request)
    assert site.ask(request).code == "InvalidSignatureException"


# ── check_path ───────────────────────────────────────────────────────────────────────────────────────────────────
UNFIT = [
    ("an authority", {"authority": True}),
    (
        "an authority that may sign",
        {"authority": True, "key_usage": usage(digital_signature=True, key_cert_sign=True)},
    ),
    ("no key usage", {"key_usage": None}),
    ("a key usage without signatures", {"key_usage": usage(key_encipherment=True)}),
    ("signed with SHA-224", {"digest": hashes.SHA224()}),
]


@pytest.mark.parametrize("more", [row[1] for row in UNFIT], ids=[row[0] for row in UNFIT])
def test_path_1_what_is_no_certificate_of_a_holder_is_refused(
    site: Site, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = property(lambda signer: f"AWS4-X509-{signer.private_key_type}-SHA256")
    monkeypatch.setattr(
        IAMRolesAnywhereSigner, "algorithm", named
    )  # it takes the one the certificate is signed with
    assert site.session(site.holder(**more)).refused == INSUFFICIENT


def test_path_1_a_holder_has_a_name(site: Site) -> None:
    alternative = x509.SubjectAlternativeName([x509.DNSName("x.example")])
    assert site.session(site.holder(name(None), extensions=[(alternative, True)])).refused == INSUFFICIENT


def test_path_1_no_basic_constraints_and_any_extended_usage_are_fine(site: Site) -> None:
    server_only = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    assert site.session(site.holder(authority=None, extensions=[(server_only, False)])).status == 201


@pytest.mark.parametrize("days", [(-3.0, -1.0), (1.0, 3.0)], ids=["past", "future"])
def test_path_2_the_certificate_is_valid_now(site: Site, days: tuple[float, float]) -> None:
    assert site.session(site.holder(days=days)).refused == EXPIRED


def test_path_2_times_are_the_real_clocks(tmp_path: Any) -> None:
    with serving(tmp_path / "data", test_clock=True) as server:
        site = Site(Place(server))
        holder = site.holder(days=(-1, 1))
        server.clock.advance(3 * 86_400)
        assert site.session(holder).status == 201


def test_path_3_a_chain_leads_to_the_trust_anchor(site: Site) -> None:
    first = authority("first", site.root)
    second = authority("second", first, key=rsa_key())
    holder = issue("deep", second)
    assert site.session(holder, second, first).status == 201
    assert site.session(holder, first, second).status == 201, "in any order"
    assert site.session(holder, second).refused == UNTRUSTED
    assert site.session(holder).refused == UNTRUSTED


def test_path_3_an_authority_below_can_be_the_trust_anchor(site: Site) -> None:
    below = authority("below", site.root)
    anchor = site.client.create_trust_anchor(name="below", source=bundle(below), enabled=True)["trustAnchor"]
    arn = anchor["trustAnchorArn"]
    assert site.session(issue("x", below), trustAnchorArn=arn).status == 201
    assert site.session(site.holder(), trustAnchorArn=arn).refused == UNTRUSTED


def test_path_3_either_certificate_of_an_anchor_will_do(site: Site) -> None:
    new = authority("new root")
    anchor = site.client.create_trust_anchor(name="two", source=bundle(site.root, new), enabled=True)[
        "trustAnchor"
    ]
    for holder in (site.holder(), issue("x", new)):
        assert site.session(holder, trustAnchorArn=anchor["trustAnchorArn"]).status == 201


def test_path_3_a_stranger_is_not_trusted(site: Site) -> None:
    namesake = authority("root of the site")
    assert site.session(issue("machine", namesake)).refused == UNTRUSTED
    assert site.session(issue("machine", namesake), namesake).refused == UNTRUSTED
    assert site.session(issue("alone")).refused == UNTRUSTED


UNFIT_AUTHORITIES = [
    ("no authority", {"authority": False, "key_usage": usage(key_cert_sign=True)}),
    ("no basic constraints", {"authority": None, "key_usage": usage(key_cert_sign=True)}),
    ("may not sign certificates", {"authority": True, "key_usage": usage(crl_sign=True)}),
    ("no key usage", {"authority": True, "key_usage": None}),
    ("expired", {"authority": True, "days": (-3.0, -1.0)}),
    ("a weak key", {"authority": True, "key": rsa_key(1024)}),
    ("signed with SHA-224", {"authority": True, "digest": hashes.SHA224()}),
]


@pytest.mark.parametrize(
    "more", [row[1] for row in UNFIT_AUTHORITIES], ids=[row[0] for row in UNFIT_AUTHORITIES]
)
def test_path_3_who_may_not_issue_issues_nothing(site: Site, more: dict[str, Any]) -> None:
    between = issue("between", site.root, **more)
    assert site.session(issue("x", between), between).refused == UNTRUSTED


def test_path_3_a_holder_is_no_authority(site: Site) -> None:
    holder = site.holder("issuer")
    assert site.session(issue("x", holder), holder).refused == UNTRUSTED


def test_path_3_path_lengths_are_kept(site: Site) -> None:
    last = authority("last", site.root, path_length=0)
    assert site.session(issue("x", last), last).status == 201
    beyond = authority("beyond", last)
    assert site.session(issue("x", beyond), beyond, last).refused == UNTRUSTED


def test_path_3_name_constraints_are_kept(site: Site) -> None:
    permitted = x509.NameConstraints([x509.DNSName("good.example")], None)
    bound = authority("bound", site.root, extensions=[(permitted, True)])
    for host, status in (("a.good.example", 201), ("bad.example", 403)):
        alternative = x509.SubjectAlternativeName([x509.DNSName(host)])
        holder = issue("x", bound, extensions=[(alternative, False)])
        assert site.session(holder, bound).status == status


def test_path_3_nothing_critical_is_left_ununderstood(site: Site) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert site.session(site.holder(extensions=[(odd, True)])).refused == UNTRUSTED
    assert site.session(site.holder(extensions=[(odd, False)])).status == 201


def test_path_3_an_anchor_that_has_expired_is_trusted_no_longer(site: Site) -> None:
    old = authority("old", days=(-3, -1))
    anchor = site.client.create_trust_anchor(name="old", source=bundle(old), enabled=True)["trustAnchor"]
    assert site.session(issue("x", old), trustAnchorArn=anchor["trustAnchorArn"]).refused == UNTRUSTED


def test_path_4_a_revoked_certificate_is_refused_while_the_list_is_enabled(site: Site) -> None:
    gone, kept = site.holder("gone"), site.holder("kept")
    data = revocation_list(site.root, gone, days=-1)
    arn = site.anchor["trustAnchorArn"]
    held = site.client.import_crl(name="revoked", crlData=data, trustAnchorArn=arn)["crl"]["crlId"]
    assert site.session(gone).status == 201, "it is not enabled yet"
    site.client.enable_crl(crlId=held)
    assert site.session(gone).refused == REVOKED, "although the next list is due"
    assert site.session(kept).status == 201
    site.client.update_crl(crlId=held, crlData=revocation_list(site.root, kept))
    assert (site.session(gone).status, site.session(kept).status) == (201, 403)
    site.client.disable_crl(crlId=held)
    assert site.session(kept).status == 201
    site.client.delete_crl(crlId=held)


def test_path_4_a_revoked_authority_below_takes_its_certificates_with_it(server: Server) -> None:
    site = Site(Place(server))
    below = authority("below", site.root)
    holder = issue("x", below)
    arn = site.anchor["trustAnchorArn"]
    assert site.session(holder, below).status == 201
    listed = revocation_list(site.root, below)
    held = site.client.import_crl(name="r", crlData=listed, trustAnchorArn=arn, enabled=True)["crl"]["crlId"]
    assert site.session(holder, below).refused == REVOKED
    site.client.delete_crl(crlId=held)
    site.client.import_crl(name="b", crlData=revocation_list(below, holder), trustAnchorArn=arn, enabled=True)
    assert site.session(holder, below).refused == REVOKED


def test_path_4_a_list_that_the_issuer_did_not_sign_revokes_nothing(server: Server) -> None:
    site = Site(Place(server))
    below = authority("below", site.root)
    holder = issue("x", below)
    forged = revocation_list(below, holder, key=ec_key())
    arn = site.anchor["trustAnchorArn"]
    site.client.import_crl(name="b", crlData=forged, trustAnchorArn=arn, enabled=True)
    assert site.session(holder, below).status == 201


def test_path_4_a_list_of_another_name_revokes_nothing_though_the_key_is_the_same(server: Server) -> None:
    site = Site(Place(server))
    holder = site.holder()
    renamed = authority("another name", key=site.root.key)
    arn = site.anchor["trustAnchorArn"]
    site.client.import_crl(
        name="r", crlData=revocation_list(renamed, holder), trustAnchorArn=arn, enabled=True
    )
    assert site.session(holder).status == 201


# ── prove_certificate ────────────────────────────────────────────────────────────────────────────────────────────
def at(moment: float) -> Callable[[pytest.MonkeyPatch], None]:
    class Then(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return dt.datetime.fromtimestamp(moment, tz)

    return lambda patch: patch.setattr("iam_rolesanywhere_session.iam_rolesanywhere_session.datetime", Then)


@pytest.mark.parametrize(("off", "good"), [(-290, True), (-310, False), (290, True), (310, False)])
def test_prove_2_a_signature_is_good_for_five_minutes_either_way(
    site: Site, monkeypatch: pytest.MonkeyPatch, off: int, good: bool
) -> None:
    at(time.time() + off)(monkeypatch)
    found = site.session(site.holder())
    assert found.status == (201 if good else 403), found
    if not good:
        assert found.code == "InvalidSignatureException"
        assert "5 min.)" in found.body["message"]


def test_prove_2_the_scope_is_this_service(site: Site) -> None:
    request = site.request(site.holder())
    signer = IAMRolesAnywhereSigner
    holder = site.holder()
    signer(holder.pem.encode(), holder.key_pem, service_name="sts").add_auth(request)
    answer = send(
        site.place.server.endpoint, "POST", "/sessions", dict(request.headers.items()), request.data.encode()
    )
    assert answer.status == 400
    assert "credentialSet" not in answer.text


@pytest.mark.parametrize(
    "scope", ["20200101/us-east-1/rolesanywhere/aws4_request", "{}/us-east-1/rolesanywhere/aws4"]
)
def test_prove_2_the_scope_is_of_the_day_and_ends_as_it_must(
    site: Site, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(_: Any, request: AWSRequest) -> str:
        return scope.format(request.context["timestamp"][:8])

    monkeypatch.setattr(IAMRolesAnywhereSigner, "scope", other)
    monkeypatch.setattr(IAMRolesAnywhereSigner, "credential_scope", other)
    found = site.session(site.holder())
    assert found.code == "InvalidSignatureException"
    assert "Credential" in found.body["message"]


def test_prove_4_the_anchor_is_of_the_signatures_region(site: Site) -> None:
    assert site.session(site.holder(), region="eu-west-1").refused == UNTRUSTED


def test_prove_4_an_anchor_that_is_off_gone_or_anothers_proves_nothing(server: Server) -> None:
    site, other = Site(Place(server)), Site(Place(server))
    holder = site.holder()
    identifier, arn = site.anchor["trustAnchorId"], site.anchor["trustAnchorArn"]
    assert site.session(holder, trustAnchorArn=other.anchor["trustAnchorArn"]).refused == UNTRUSTED
    assert site.session(holder, trustAnchorArn=arn[:-1] + "x").refused == UNTRUSTED
    assert (
        site.session(holder, trustAnchorArn=arn.replace(site.place.number, "999999999999")).refused
        == UNTRUSTED
    )
    site.client.disable_trust_anchor(trustAnchorId=identifier)
    assert site.session(holder).refused == UNTRUSTED
    site.client.enable_trust_anchor(trustAnchorId=identifier)
    assert site.session(holder).status == 201
    site.client.delete_trust_anchor(trustAnchorId=identifier)
    assert site.session(holder).refused == UNTRUSTED


def test_prove_4_and_6_an_arn_is_right_in_every_part(site: Site) -> None:
    holder = site.holder()
    for parameter, refused in (
        ("trustAnchorArn", UNTRUSTED),
        ("profileArn", (403, "AccessDeniedException", f"Unable to assume role for {site.role}")),
    ):
        arn = site.parameters()[parameter]
        kind = arn.rpartition(":")[2].partition("/")[0]
        for other in (
            arn.replace("us-east-1", "eu-west-1"),
            arn.replace("arn:aws:", "arn:aws-cn:"),
            arn.replace(f"{kind}/", f"{kind}/x/"),
        ):
            assert site.session(holder, **{parameter: other}).refused == refused, other
    elsewhere = site.profile["profileArn"].replace(site.place.number, "999999999999")
    assert site.session(holder, profileArn=elsewhere).status == 403


def test_prove_6_the_profile_is_of_the_signatures_region(site: Site) -> None:
    keys = site.place.keys
    elsewhere = boto3.client(
        "rolesanywhere",
        endpoint_url=site.place.server.endpoint,
        region_name="eu-west-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
    )
    profile = elsewhere.create_profile(name="app", roleArns=[site.role], enabled=True)["profile"]
    found = site.session(site.holder(), profileArn=profile["profileArn"])
    assert found.refused == (403, "AccessDeniedException", f"Unable to assume role for {site.role}")
    source = bundle(site.root)
    anchor = elsewhere.create_trust_anchor(name="root", source=source, enabled=True)["trustAnchor"]
    given = {"trustAnchorArn": anchor["trustAnchorArn"], "profileArn": profile["profileArn"]}
    found = site.session(site.holder(), region="eu-west-1", **given)
    arn = found.body["subjectArn"]
    assert arn.split(":")[3] == "eu-west-1"
    deadline = time.monotonic() + 10
    while [one["subjectArn"] for one in elsewhere.list_subjects()["subjects"]] != [arn]:
        assert time.monotonic() < deadline, "the subject was not recorded"
        time.sleep(0.05)
    identifier = arn.rpartition("/")[2]
    assert elsewhere.get_subject(subjectId=identifier)["subject"]["subjectArn"] == arn
    assert arn not in [one["subjectArn"] for one in site.client.list_subjects()["subjects"]]
    with pytest.raises(site.client.exceptions.ResourceNotFoundException):
        site.client.get_subject(subjectId=identifier)


def test_prove_6_the_role_of_another_account_is_out_of_reach(server: Server) -> None:
    site, other = Site(Place(server)), Site(Place(server))
    refused = (403, "AccessDeniedException", f"Unable to assume role for {other.role}")
    assert site.session(site.holder(), roleArn=other.role).refused == refused
    assert (
        site.session(site.holder(), roleArn=other.role, profileArn=other.profile["profileArn"]).refused
        == refused
    )


def test_a_key_of_hmac_is_no_certificate(site: Site) -> None:
    body = site.request(site.holder()).data
    from botocore.auth import SigV4Auth
    from botocore.credentials import Credentials

    request = AWSRequest("POST", site.place.server.endpoint + "/sessions", data=body)
    keys = site.place.keys
    SigV4Auth(
        Credentials(keys["AccessKeyId"], keys["SecretAccessKey"]), "rolesanywhere", "us-east-1"
    ).add_auth(request)
    assert site.ask(request).code == "IncompleteSignatureException"
