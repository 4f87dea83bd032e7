"""The commands, one row each: what help lists, and where each is found. Costs no import, so that help is quick."""

from __future__ import annotations

from typing import NamedTuple

ABOUT = "IAM roles and temporary credentials on your own machines, speaking AWS's wire protocols."


class Row(NamedTuple):
    """A command: its words, the function as `module:name` under `vestry.cli`, and one sentence."""

    words: str
    function: str
    summary: str


COMMANDS = (
    Row(
        "tour", "tour:tour", "Carry out role delegation on a throw-away store, and say why each answer is so."
    ),
    Row("serve", "serve:serve", "Answer IAM, STS and what gives machines roles on one port, until SIGTERM."),
    Row("account create", "account:create", "Create an account; its root key is shown this once."),
    Row("account list", "account:list_accounts", "List the accounts."),
    Row("account set", "account:set_options", "Change an account's options."),
    Row("account reset", "account:reset", "Empty an account: its root key stays, its sessions end."),
    Row("account delete", "account:delete", "Delete an account and everything in it."),
    Row(
        "service create",
        "service:create",
        "Register a service that may assume roles; its key is shown this once.",
    ),
    Row("service list", "service:list_services", "List the services."),
    Row("service new-key", "service:new_key", "Give a service a second access key."),
    Row("service delete-key", "service:delete_key", "Delete an access key of a service."),
    Row("service delete", "service:delete", "Delete a service and its access keys."),
    Row("container create", "container:create", "Register a task that gets a role's credentials, as on ECS."),
    Row("container list", "container:list_containers", "List the tasks."),
    Row("container delete", "container:delete", "Delete a task: it gets no further credentials."),
    Row("cluster create", "cluster:create", "Register a Kubernetes cluster, for EKS Pod Identity."),
    Row("cluster list", "cluster:list_clusters", "List the clusters."),
    Row("cluster delete", "cluster:delete", "Delete a cluster and its pod identity associations."),
    Row(
        "pod-identity-agent",
        "pod_identity_agent:agent",
        "Answer the pods of a node with their roles' credentials.",
    ),
    Row("keys list", "keys:list_keys", "List the keys that seal session tokens."),
    Row(
        "keys rotate",
        "keys:rotate",
        "Make a new key for session tokens; live sessions go on, unless --revoke.",
    ),
    Row("clock advance", "clock:advance", "Move the session clock of a server started with --test-clock."),
    Row("clock show", "clock:show", "Show the clocks of the running server."),
    Row("tls init", "tls:init", "Make a private authority and a server certificate for local work."),
    Row("explain", "explain:explain", "Say why a request was denied, or whether one would be allowed."),
    Row(
        "simulate", "simulate:simulate", "Decide requests that come with their policies, a line of JSON each."
    ),
    Row("validate", "validate:validate", "Say what is wrong with policy files, with line and column."),
    Row("test", "policy_tests:run_tests", "Run policy tests: what a principal with these policies may do."),
    Row("idp serve", "idp:serve", "Run a small identity provider with real keys, for trying federation out."),
    Row(
        "idp token",
        "idp:token",
        "Print a token of it: GitHub's shape, Kubernetes', Google's, or a broken one.",
    ),
    Row("idp saml", "idp_saml:response", "Print a signed SAML response of it, or a broken one."),
    Row("idp metadata", "idp_saml:metadata", "Print its SAML metadata, for registering it."),
    Row("idp rotate", "idp:rotate", "Let it sign tokens and responses with new keys."),
    Row(
        "metadata listen", "metadata:listen", "Answer instance metadata on a socket that outlives the server."
    ),
    Row(
        "metadata certificate",
        "metadata:certificate",
        "Print the certificate that proves identity documents.",
    ),
    Row("env", "credentials:env", "Print a profile's credentials and endpoint as exports."),
    Row("run", "run:run", "Run a command as an instance or a task, where it finds its role by itself."),
    Row("exec", "credentials:execute", "Assume a role and run a command with its credentials."),
)

#: What a group of commands is for.
GROUPS = {
    "account": "Accounts: create, list, set, reset, delete.",
    "service": "Services as principals: create, list, delete, and their access keys.",
    "container": "Tasks that get a role's credentials, as containers of ECS do.",
    "cluster": "Kubernetes clusters whose pods get roles by EKS Pod Identity.",
    "keys": "The keys that seal session tokens.",
    "metadata": "Instance metadata: what registered machines read at 169.254.169.254.",
    "idp": "A built-in identity provider: OIDC and SAML without one of one's own.",
    "tls": "Certificates for serving over TLS.",
    "clock": "The session clock of a server that was started for tests.",
}

OPTIONS = (
    ("--version", "Print the version."),
    ("--install-completion", "Install completion for the current shell."),
    ("--show-completion", "Print the completion script for the current shell."),
    ("-h, --help", "Print this; after a command: its arguments and options."),
)


def overview() -> str:
    """Return what `vestry --help` prints."""
    width = max(len(row.words) for row in COMMANDS)
    wide = max(len(name) for name, _ in OPTIONS)
    lines = ["Usage: vestry COMMAND [ARGUMENTS]", "", ABOUT, "", "Commands:"]
    lines += [f"  {row.words:{width}}  {row.summary}" for row in COMMANDS]
    lines += ["", "Options:", *(f"  {name:{wide}}  {meaning}" for name, meaning in OPTIONS), ""]
    lines += [
        "Begin with:",
        "  vestry tour",
        "  vestry serve",
        "  vestry account create production --profile production",
    ]
    return "\n".join(lines) + "\n"
