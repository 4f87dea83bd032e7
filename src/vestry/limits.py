"""Every quota, with its source. Lengths of single parameters come from the service models, not from here.

Sources: [Q] IAM User Guide, "IAM and AWS STS quotas"; [S] GetAccountSummary; [M] the service models.
"""

from __future__ import annotations

from typing import Final

# ── Entities in an account [Q][S] ────────────────────────────────────────────────────────────────────────────────
ROLES_PER_ACCOUNT: Final = 1000
USERS_PER_ACCOUNT: Final = 5000
POLICIES_PER_ACCOUNT: Final = 1500
PROFILES_PER_ACCOUNT: Final = 1000  # instance profiles
ROLES_PER_PROFILE: Final = 1
OIDC_PROVIDERS_PER_ACCOUNT: Final = 100
CLIENT_IDS_PER_PROVIDER: Final = 100
THUMBPRINTS_PER_PROVIDER: Final = 5
POLICIES_PER_ENTITY: Final = 10  # managed policies attached to one user, role or group
ACCESS_KEYS_PER_USER: Final = 2
VERSIONS_PER_POLICY: Final = 5
TAGS_PER_RESOURCE: Final = 50
MFA_DEVICES_PER_USER: Final = 8
MFA_DEVICES_PER_ACCOUNT: Final = 5000  # assigned or not: as many as users

# ── Sizes of policy documents, in characters without white space [Q] ─────────────────────────────────────────────
MANAGED_POLICY_SIZE: Final = 6144
TRUST_POLICY_SIZE: Final = 2048
INLINE_SIZE_USER: Final = 2048  # the sum over all inline policies of the entity
INLINE_SIZE_GROUP: Final = 5120
INLINE_SIZE_ROLE: Final = 10240
SESSION_POLICY_SIZE: Final = 2048  # the plain text of the inline session policy and the ARNs together
SERVICE_CONTROL_SIZE: Final = 10_240  # Organizations User Guide, "Quotas"
RESOURCE_CONTROL_SIZE: Final = 5120
PACKED_BUDGET: Final = (
    2048  # bytes of deflated session policy, ARNs and tags: our stand-in for AWS's hidden limit
)

# ── Sessions, in seconds [M][Q] ──────────────────────────────────────────────────────────────────────────────────
DEFAULT_SESSION: Final = 3600
DEFAULT_USER_SESSION: Final = 43_200  # GetSessionToken, GetFederationToken
TASK_SESSION: Final = 900  # AssumeRoot: the default and the maximum
ROOT_SESSION: Final = 3600  # the same two, called by a root user: the default and the maximum
SHORTEST_SESSION: Final = 900
LONGEST_SESSION: Final = 129_600  # GetSessionToken, GetFederationToken: 36 hours; no role lasts longer
CHAINED_SESSION: Final = 3600  # role chaining: one hour at most
SESSION_POLICY_ARNS: Final = 10
SESSION_TAGS: Final = 50

# ── Encoded authorization messages ───────────────────────────────────────────────────────────────────────────────
ENCODED_MESSAGE: Final = 10_240  # characters [M]
AUTHORIZATION_MESSAGE: Final = 86_400  # seconds for which one opens; AWS says only that it expires

# ── Tokens that an account issues ────────────────────────────────────────────────────────────────────────────────
DEFAULT_WEB_IDENTITY: Final = 300  # seconds [M]
WEB_IDENTITY_PAYLOAD: Final = 14_984  # bytes: measured on AWS by others
KEY_LIFETIME: Final = 30 * 86_400  # seconds after which a signing key's successor is made
KEY_AHEAD: Final = 86_400  # it is published so long before it signs
KEY_BEHIND: Final = 86_400  # the old one is published so long after that; no token lives longer than an hour

# ── Second factors: AWS documents none of these ──────────────────────────────────────────────────────────────────
MFA_WINDOW_STEPS: Final = 1  # RFC 6238, 5.2: one step either way
MFA_RESYNC_STEPS: Final = 20  # two consecutive codes: ten minutes either way
MFA_FREE_FAILURES: Final = 5  # wrong codes in a row; the fifth and every further one lock the device
MFA_FIRST_LOCK: Final = 30  # seconds; doubles with each further wrong code
MFA_LONGEST_LOCK: Final = 3600

# ── Machines [EC2 API reference, "RunInstances", "Filtering"; EC2 User Guide, "User data", "Tag restrictions"] ─────
INSTANCES_PER_LAUNCH: Final = 1000  # ours: AWS bounds the processors of all instances
USER_DATA_BYTES: Final = 16_384
CLIENT_TOKEN_CHARACTERS: Final = 64
TERMINATED_SECONDS: Final = 3600  # a terminated instance is shown for about an hour
FILTER_VALUES: Final = 200  # of all filters of one request
LARGEST_PAGE: Final = 1000
SMALLEST_PAGE: Final = 5
RESOURCES_PER_TAGGING: Final = 1000

# ── Pods [EKS User Guide, "Amazon EKS quotas"; EKS model] ──────────────────────────────────────────────────────────
ASSOCIATIONS_PER_CLUSTER: Final = 5000
POD_SESSION: Final = 21_600  # seconds; EKS hands out credentials for six hours
SESSION_NAME_PART: Final = 10  # characters of cluster and pod in the name of a pod's session, as seen on EKS

# ── The wire ─────────────────────────────────────────────────────────────────────────────────────────────────────
BODY_BYTES: Final = 10_000_000  # STS answers 413 above
REQUEST_LINE_BYTES: Final = 16_000
QUERY_PARAMETERS: Final = 20_000  # names in one query request; AWS itself bounds only the body
QUERY_NESTING: Final = 24  # dots in one parameter's name below its first component; the models need 12
HEADER_BYTES: Final = 32_768
HEADER_COUNT: Final = 100
REQUEST_SECONDS: Final = 30  # from the first byte to the last of one request
IDLE_SECONDS: Final = 120  # a kept-alive connection without a request; SDK pools outlive shorter ones
FAREWELL_SECONDS: Final = 1  # a stopping server waits so long for an idle TLS client to close its side
CONNECTIONS: Final = 4096  # of the endpoint, where the process may open as many files
CLOCK_SKEW_SECONDS: Final = 900  # SigV4: fifteen minutes either way
TOKEN_CHARACTERS: Final = 65_536  # a session token, ours or forged
SESSION_TOKEN_BYTES: Final = 4096  # [M] what a token is enlarged to at most, and its size is a share of
CLAIMS_BYTES: Final = 65_536  # what a session token carries, unpacked
PRESIGNED_SECONDS: Final = 604_800  # X-Amz-Expires: at most seven days
JSON_DEPTH: Final = 32
POLICY_INPUT_CHARACTERS: Final = 131_072  # [M] policyDocumentType

# ── What machines ask at link-local addresses: metadata and container credentials ───────────────────────────────────
LINK_LOCAL_BYTES: Final = 16_384  # of a request, whether head or body
LINK_LOCAL_SECONDS: Final = (
    30  # from the first byte to the last of one request, and for which answers may stay unread
)
LINK_LOCAL_PIPELINED: Final = 32  # requests that are answered of one delivery
LINK_LOCAL_BACKLOG: Final = 512  # connections that wait to be accepted
LINK_LOCAL_CONNECTIONS: Final = 4096  # of all listeners together, where the process may open as many files
LINK_LOCAL_CONNECTIONS_OF_ONE: Final = 256  # of one address at one listener

# ── Identity providers ───────────────────────────────────────────────────────────────────────────────────────────
ISSUERS: Final = 10_000  # whose keys are held
ISSUER_KEYS: Final = 100  # keys of one issuer that are read
ISSUER_SECONDS: Final = 5  # STS waits as long for each answer of an issuer
ISSUER_BYTES: Final = 262_144  # of a discovery document or a key set
ISSUER_FRESH: Final = 900  # seconds after which keys in use are fetched again, in the background
ISSUER_LONGEST_USE: Final = 86_400  # seconds that keys work for while their issuer is down
ISSUER_LONGEST_PAUSE: Final = 60  # seconds for which an issuer that fails is left alone
ISSUER_ALLOWANCE: Final = 3  # fetches for unknown key ids in a row
ISSUER_ALLOWANCE_SECONDS: Final = 30  # in which one more is earned
WEB_IDENTITY_TOKEN: Final = 20_000  # [M] characters
WEB_IDENTITY_SKEW: Final = 300  # seconds by which an issuer's clock may differ
SUBJECT_CHARACTERS: Final = 255  # [M]

# ── IAM Roles Anywhere ───────────────────────────────────────────────────────────────────────────────────────────
TRUST_ANCHORS: Final = 50  # [Q] in one region of an account
ANYWHERE_PROFILES: Final = 250  # [Q]
CERTIFICATES_PER_ANCHOR: Final = 2  # [Q]
REVOCATION_LISTS_PER_ANCHOR: Final = 2  # [Q]
ANYWHERE_PAGE: Final = 50  # of a listing where no pageSize is given
ANYWHERE_LARGEST_PAGE: Final = 1000
RSA_LEAST_BITS: Final = 2048
RSA_MOST_BITS: Final = 8192
CHAIN_CERTIFICATES: Final = 5  # in X-Amz-X509-Chain (User Guide, "The authentication process")
X509_SKEW_SECONDS: Final = 300  # between a request that a certificate signs and our clock
SEEN_CERTIFICATES: Final = 10  # of a subject that are remembered

# ── SAML ─────────────────────────────────────────────────────────────────────────────────────────────────────────
SAML_PROVIDERS_PER_ACCOUNT: Final = 100  # [Q]
SAML_SIGNING_KEYS: Final = 10  # [Q] keys in one provider's metadata
SAML_PRIVATE_KEYS: Final = 2  # [M] privateKeyList
SAML_KEY_BITS: Final = (
    1024  # the shortest signing key that AWS takes (IAM User Guide, "Troubleshooting SAML")
)
SAML_RESPONSE_BYTES: Final = 75_000  # [M] 100,000 characters of base64
SAML_METADATA_BYTES: Final = 10_000_000  # [M]
SAML_REDEEM_SECONDS: Final = 300  # an assertion is presented within five minutes of its issue
SAML_SKEW_SECONDS: Final = 60  # how far ahead of ours a provider's clock may be
XML_ELEMENTS: Final = 20_000
XML_DEPTH: Final = 64
