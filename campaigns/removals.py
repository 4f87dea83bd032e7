"""Every rule of the session service's rooms removed, one at a time: bin/campaign removals [--again] [GROUP…]

For every statement that carries a rule (`campaigns.removal`) a test must fail when it is gone. What survives is listed
with its difference; `campaigns/surviving-removals.md` names what is meant to survive, with the reason. Results are kept
in `.cache/removals`; `--again` asks only what is not known to be killed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from campaigns.mutant import Mutant, Result
from campaigns.removal import removals
from campaigns.trial import TESTS, Scope, try_all

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "removals"
MEANT = Path(__file__).parent / "surviving-removals.md"

#: Tests that fail, and tests that no longer end.
NOTICED = (Result.KILLED, Result.TIMEOUT)

#: A group: which modules of vestry, and the tests that are asked about them.
GROUPS: dict[str, tuple[str, str]] = {
    "oidc": (
        "credentials/oidc credentials/issuer_keys access/web_identity access/asserted",
        "credentials/test_oidc.py services/sts/test_web_identity.py services/iam/test_oidc_providers.py",
    ),
    "issuers": (
        "server/issuers server/fetch server/trust_anchors server/outbound_proxy server/proving",
        "server/test_issuers.py server/test_fetch.py server/test_trust_anchors.py server/test_outbound_proxy.py server/test_proving.py services/sts/test_web_identity.py",
    ),
    "issuing": (
        "credentials/web_identity server/issuer_documents server/signing_keys services/sts/web_identity_token",
        "services/sts/test_web_identity_token.py services/sts/test_web_identity_of_machines.py "
        "services/test_signing_keys.py server/test_signing_keys_upkeep.py services/iam/test_outbound_federation.py",
    ),
    "saml": (
        "credentials/saml credentials/saml_assertion credentials/saml_encryption credentials/saml_metadata "
        "credentials/saml_signature credentials/saml_xml",
        "credentials/test_saml_response.py credentials/test_saml_encryption.py credentials/test_saml_metadata.py "
        "credentials/test_saml_signature.py credentials/test_saml_xml.py services/iam/test_saml_providers.py",
    ),
    "saml_identity": (
        "access/saml_identity access/saml_keys",
        "access/test_saml_identity.py services/sts/test_saml.py services/sts/test_saml_once.py "
        "services/sts/test_saml_session.py",
    ),
    "services": (
        "access/service services/operator/services services/pass_role",
        "services/test_services_as_principals.py services/iam/test_instance_profiles.py "
        "services/ec2/test_associations.py cli/test_cli_service.py",
    ),
    "mfa": (
        "access/mfa credentials/totp server/second_factor services/iam/mfa_devices",
        "access/test_second_factor.py credentials/test_totp.py services/iam/test_mfa_devices.py services/sts/test_mfa.py",
    ),
    "tokens": (
        "credentials/seal credentials/session credentials/packed directory/ring server/ring services/operator/keys "
        "services/operator/clock",
        "credentials/test_seal.py credentials/test_session.py credentials/test_packed.py directory/test_ring.py "
        "access/test_keyring.py server/test_key_rotation.py server/test_ring_upkeep.py cli/test_cli_clock.py",
    ),
    "signatures": (
        "credentials/sigv4 credentials/sigv4a credentials/canonical",
        "credentials/test_canonical.py credentials/test_sigv4.py credentials/test_sigv4_scope.py "
        "credentials/test_sigv4_vectors.py credentials/test_sigv4a.py credentials/test_sigv4_clients.py",
    ),
    "authentication": (
        "access/authenticate",
        "access/test_keyring.py server/test_authentication.py services/sts/test_session_life.py "
        "services/sts/test_session_token.py services/sts/test_federation_token.py services/sts/test_assume_root.py "
        "services/iam/test_access_keys.py services/test_services_as_principals.py clients/test_sigv4a_client.py "
        "metadata/test_instance_identity.py",
    ),
    "metadata": (
        "metadata/document_rows metadata/identity_rows metadata/imds metadata/machine_rows metadata/minted "
        "metadata/network_rows metadata/pages metadata/proving metadata/role_rows metadata/rotation metadata/tokens "
        "metadata/tree metadata/writing credentials/instance_identity",
        "metadata/test_tokens.py metadata/test_paths.py metadata/test_role_credentials.py "
        "metadata/test_identity_document.py metadata/test_instance_identity.py metadata/test_tree.py",
    ),
    "containers": (
        "metadata/containers access/workload_secrets server/containers server/addresses services/operator/containers "
        "services/operator/names",
        "metadata/test_container_credentials.py server/test_containers.py cli/test_cli_container.py "
        "cli/test_cli_serve_containers.py",
    ),
    "pods": (
        "access/pod_identity services/eks_auth/pod_identity services/eks_auth/node services/eks_auth/target_role "
        "services/eks/associations services/eks/association_checks services/eks/clusters services/eks/listing "
        "services/eks/lookups services/eks/pages services/eks/resources services/eks/tags services/operator/clusters",
        "services/eks/test_pod_identity.py services/eks/test_pod_associations.py cli/test_cli_cluster.py",
    ),
    "handed": (
        "server/handed_listeners server/descriptors",
        "server/test_handed_listeners.py server/test_descriptors.py",
    ),
    "delivery": (
        "access/delivery",
        "access/test_delivery.py metadata/test_role_credentials.py services/eks/test_pod_identity.py "
        "services/rolesanywhere/test_create_session.py",
    ),
    "machines": (
        "services/ec2/associations services/ec2/states services/ec2/metadata_options services/ec2/metadata_settings "
        "services/ec2/lookups services/ec2/tag_rules services/ec2/launch_questions",
        "services/ec2/test_associations.py services/ec2/test_states.py services/ec2/test_metadata_options.py "
        "services/ec2/test_authorization.py services/ec2/test_ec2_tags.py services/ec2/test_launch.py "
        "services/ec2/test_describe.py",
    ),
    "agent": ("cli/agent_credentials cli/agent_door", "cli/test_pod_identity_agent.py"),
    "link_local": (
        "server/link_local server/metadata server/metadata_places server/listening credentials/stamp",
        "credentials/test_stamp.py server/test_listening.py server/test_metadata_places.py server/test_metadata_telling.py "
        "server/test_link_local.py cli/test_cli_metadata.py",
    ),
    "tls": (
        "server/tls cli/certificates",
        "server/test_tls.py cli/test_cli_tls.py cli/test_cli_certificates.py cli/test_cli_private_authority.py",
    ),
}


def main() -> int:
    """Run the campaign and print a line a module; 1 where something survived that is not meant to."""
    parser = argparse.ArgumentParser(prog="bin/campaign removals", description=__doc__.partition("\n")[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", choices=[[], *GROUPS], help=", ".join(GROUPS))
    parser.add_argument("--again", action="store_true", help="only what is not known to be killed")
    parser.add_argument("--report", action="store_true", help="print what is known, and run nothing")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    meant = set(re.findall(r"`([\w.-]+:[0-9a-f]{8})`", MEANT.read_text(encoding="utf-8")))
    killed = total = unexplained = 0
    for group in options.groups or GROUPS:
        modules, tests = (text.split() for text in GROUPS[group])
        made = [one for name in modules for one in removals(ROOT / "src" / "vestry" / f"{name}.py")]
        if not options.report:
            _run(group, made, Scope(tuple(TESTS / name for name in tests), by_file=True), again=options.again)
        known = _known(group)
        for name in modules:
            here = [one for one in made if one.module == f"vestry.{name.replace('/', '.')}"]
            left = [one for one in here if known.get(one.key) not in NOTICED]
            questions = [one for one in left if one.key not in meant]
            total, killed = total + len(here), killed + len(here) - len(left)
            unexplained += len(questions)
            print(
                f"{name:32} {len(here):4} removed {len(here) - len(left):4} noticed {len(left):3} not",
                flush=True,
            )
            for one in questions:
                print(f"\n{one.key} {known.get(one.key, 'not tried')}\n{one.difference}", flush=True)
    print(f"{'all':32} {total:4} removed {killed:4} noticed, {unexplained} without a reason are not")
    return 1 if unexplained else 0


def _run(group: str, made: list[Mutant], scope: Scope, *, again: bool) -> None:
    """Try a group's removals and keep the results."""
    known = _known(group) if again else {}
    asked = [one for one in made if known.get(one.key) not in NOTICED]
    part = CACHE / f"{group}.{os.getpid()}.part"
    if asked:
        child = os.fork()
        if not child:
            status = 1
            try:
                try_all(asked, part, scope)
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        if os.waitpid(child, 0)[1]:
            sys.exit(f"{group}: the process that tries its removals has failed")
        found: dict[str, Any] = {
            key: result for key, result, _ in map(json.loads, part.read_text().splitlines())
        }
        part.unlink()
        known |= found
    (CACHE / f"{group}.json").write_text(json.dumps({one.key: known[one.key] for one in made}, indent=0))


def _known(group: str) -> dict[str, str]:
    """Return what is kept of a group: the result of each removal."""
    kept = CACHE / f"{group}.json"
    return json.loads(kept.read_text()) if kept.exists() else {}


if __name__ == "__main__":
    sys.exit(main())
