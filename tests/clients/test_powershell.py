"""AWS Tools for PowerShell: the lines of docs/clients.md, read as the Tools would, in requests of their SDK's shape.

The Tools themselves are not run. A line, a parameter or a value that no rule here knows fails the test, so that the page
shows nothing that was not sent. Sources: AWS Tools for PowerShell Cmdlet Reference, `Set-AWSCredential`, `Use-STSRole`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from dotnet_shape import AGENTS, request
from places import Place, statement
from raw import Answer, send
from recipes import ACCOUNT, ENDPOINT, KEY, SECRET, recipe

GENERATIONS = pytest.mark.parametrize("generation", AGENTS)
BY_HAND, BY_PROFILE = range(2)
NAMES = ("AccessKeyId", "SecretAccessKey", "SessionToken")
Parameters = dict[str, str]


class Refused(Exception):
    """A request of a cmdlet was refused."""


class Shell:
    """A PowerShell session that knows the cmdlets of the page."""

    def __init__(self, place: Place, generation: int) -> None:
        self.place, self.generation = place, generation
        self.region, self.endpoint = "", ""
        self.keys: dict[str, Any] = {}
        self.profiles: dict[str, Parameters] = {}
        self.variables: dict[str, dict[str, Any]] = {}

    def run(self, text: str) -> str:
        """Run lines; return what the last one says."""
        said = ""
        for line in text.splitlines():
            setting = re.fullmatch(r'\$Env:AWS_ENDPOINT_URL = "(\S+)"', line)
            if setting:
                self.endpoint = setting[1]
                continue
            command = re.fullmatch(r"(?:\$(\w+) = )?([A-Z]\w+-\w+)((?: -\w+ \S+)+)", line)
            assert command is not None, line
            given = dict(re.findall(r" -(\w+) (\S+)", command[3]))
            cmdlet = {
                "Set-AWSCredential": self.set_credential,
                "Set-DefaultAWSRegion": self.set_region,
                "Use-STSRole": self.use_role,
                "Get-STSCallerIdentity": self.get_caller_identity,
            }[command[2]]
            said = cmdlet(given)
            assert not given, f"{command[2]} knows no {given}"
            if command[1]:
                self.variables[command[1]] = dict(re.findall(rf"<({'|'.join(NAMES)})>([^<]+)<", said))
        return said

    def set_credential(self, given: Parameters) -> str:
        """Use a key or a role from now on, or keep it as a profile."""
        name = given.pop("StoreAs", None)
        kept = {key: given.pop(key) for key in list(given) if key in _KEY | _ROLE}
        assert set(kept) in (_KEY, _ROLE)
        if name is None:
            self.keys = _key(kept)
        else:
            self.profiles[name] = kept
        return ""

    def set_region(self, given: Parameters) -> str:
        """Sign for a region from now on."""
        self.region = given.pop("Region")
        return ""

    def use_role(self, given: Parameters) -> str:
        """AssumeRole, with the key in use."""
        asked = {name: given.pop(name) for name in ("RoleArn", "RoleSessionName")}
        return self.send(self.keys, given, Action="AssumeRole", **asked)

    def get_caller_identity(self, given: Parameters) -> str:
        """GetCallerIdentity, as a variable's credentials or as a profile, for which a role may be assumed first."""
        shown, profile = given.pop("Credential", None), given.pop("ProfileName", None)
        self.region = given.pop("Region", self.region)
        if shown is not None:
            variable = re.fullmatch(r"\$(\w+)\.Credentials", shown)
            assert variable is not None
            keys = self.variables[variable[1]]
        else:
            keys = self.of_profile(self.profiles[str(profile)])
        return self.send(keys, given, Action="GetCallerIdentity")

    def of_profile(self, profile: Parameters) -> dict[str, Any]:
        """The credentials of a profile."""
        if "SourceProfile" not in profile:
            return _key(profile)
        source = self.of_profile(self.profiles[profile["SourceProfile"]])
        named = {
            "RoleArn": profile["RoleArn"],
            "RoleSessionName": "aws-dotnet-sdk-session-638996448000000000",
        }
        said = self.send(source, {}, Action="AssumeRole", **named)
        return dict(re.findall(rf"<({'|'.join(NAMES)})>([^<]+)<", said))

    def send(self, keys: dict[str, Any], given: Parameters, **asked: str) -> str:
        """Send a request to the endpoint that the line or the environment names."""
        endpoint = given.pop("EndpointUrl", self.endpoint)
        head, body = request(endpoint, keys, self.generation, asked, self.region)
        answer: Answer = send(endpoint, "POST", "/", head, body)
        if answer.status != 200:
            raise Refused(answer.text)
        return answer.text


_KEY, _ROLE = {"AccessKey", "SecretKey"}, {"RoleArn", "SourceProfile"}


def _key(given: Parameters) -> dict[str, Any]:
    return {"AccessKeyId": given["AccessKey"], "SecretAccessKey": given["SecretKey"]}


def page(place: Place, keys: dict[str, Any], which: int) -> str:
    """Lines of the page, with casey's key."""
    values = {
        ENDPOINT: place.server.endpoint,
        ACCOUNT: place.number,
        KEY: keys["AccessKeyId"],
        SECRET: keys["SecretAccessKey"],
    }
    return recipe("AWS Tools for PowerShell", "powershell", values)[which]


@GENERATIONS
@pytest.mark.parametrize(
    ("which", "session"), [(BY_HAND, "powershell"), (BY_PROFILE, "aws-dotnet-sdk-session-638996448000000000")]
)
def test_the_lines_of_the_page_lead_to_the_role(
    place: Place, generation: int, which: int, session: str
) -> None:
    keys = place.user("casey", statement("Allow", "sts:AssumeRole", place.arn("role/deploy")))
    place.role("deploy")
    said = Shell(place, generation).run(page(place, keys, which))
    assert f"<Arn>arn:aws:sts::{place.number}:assumed-role/deploy/{session}</Arn>" in said


@GENERATIONS
@pytest.mark.parametrize("which", [BY_HAND, BY_PROFILE])
def test_the_role_is_denied_as_aws_does(place: Place, generation: int, which: int) -> None:
    keys = place.user("casey")
    place.role("deploy")
    with pytest.raises(Refused, match="<Code>AccessDenied</Code>"):
        Shell(place, generation).run(page(place, keys, which))
