"""AWS's files are edited as text: what was not meant stays, byte for byte."""

from __future__ import annotations

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.cli.ini import credentials_section, profile_section, read_section, write_section

# sentence, before, after: setting region and endpoint_url of profile x, and removing its token
EDITS = [
    ("an empty file receives the section", "", "[profile x]\nregion = R\nendpoint_url = E\n"),
    (
        "a new section goes to the end, after a blank line",
        "# mine\n[default]\nregion=eu-west-1",
        "# mine\n[default]\nregion=eu-west-1\n\n[profile x]\nregion = R\nendpoint_url = E\n",
    ),
    (
        "values are replaced where they stand, and comments stay",
        "[profile x]\n# why\nregion=old\noutput = json  ; note\n\n[profile y]\nregion = keep\n",
        "[profile x]\n# why\nregion = R\noutput = json  ; note\nendpoint_url = E\n\n[profile y]\nregion = keep\n",
    ),
    (
        "the case of a key does not matter",
        "[profile x]\nREGION : old\n",
        "[profile x]\nregion = R\nendpoint_url = E\n",
    ),
    (
        "a nested value belongs to the option above it",
        "[profile x]\ns3 =\n  region = inner\n  max_queue = 3\nregion = old\n",
        "[profile x]\ns3 =\n  region = inner\n  max_queue = 3\nregion = R\nendpoint_url = E\n",
    ),
    (
        "a replaced option takes its indented lines with it, but not the comment below",
        "[profile x]\nendpoint_url =\n  old\n# stays\nregion = old\n",
        "[profile x]\nendpoint_url = E\n# stays\nregion = R\n",
    ),
    (
        "an option given twice is written once",
        "[profile x]\nregion = a\nregion = b\n",
        "[profile x]\nregion = R\nendpoint_url = E\n",
    ),
    (
        "an option to be removed goes",
        "[profile x]\naws_session_token = stale\nregion = a\n",
        "[profile x]\nregion = R\nendpoint_url = E\n",
    ),
    (
        "a quoted name is the same profile",
        '[profile "x"]\nregion = a\n',
        '[profile "x"]\nregion = R\nendpoint_url = E\n',
    ),
    (
        "a longer name is another profile",
        "[profile xx]\nregion = a\n",
        "[profile xx]\nregion = a\n\n[profile x]\nregion = R\nendpoint_url = E\n",
    ),
    (
        "an empty section at the end is filled",
        "[profile x]\n",
        "[profile x]\nregion = R\nendpoint_url = E\n",
    ),
    (
        "a file with carriage returns keeps them",
        "[profile x]\r\nregion = a\r\n",
        "[profile x]\r\nregion = R\r\nendpoint_url = E\r\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in EDITS], ids=[case[0] for case in EDITS])
def test_edit(before: str, after: str) -> None:
    values = {"region": "R", "endpoint_url": "E"}
    meant = profile_section("x")
    assert write_section(before, "profile x", meant, values, ["aws_session_token"]) == after
    assert write_section(after, "profile x", meant, values, ["aws_session_token"]) == after, "twice is once"


def test_the_default_profile_has_two_spellings() -> None:
    for header in ("[default]", "[profile default]"):
        assert read_section(f"{header}\nregion = a\n", profile_section("default")) == {"region": "a"}
    assert read_section("[x]\nregion = a\n", profile_section("x")) == {}
    assert read_section("[x]\nregion = a\n", credentials_section("x")) == {"region": "a"}


_NAMES = st.sampled_from(["default", "profile x", "profile y", "x", "services s"])
_LINES = st.sampled_from(
    ["region = a", "output=json", "# region = no", "; note", "", "s3 =\n    region = inner", "mfa : z"]
)


@given(
    st.lists(
        st.tuples(_NAMES, st.lists(_LINES, max_size=6)), max_size=5, unique_by=lambda section: section[0]
    )
)
def test_every_other_option_reads_as_before(sections: list[tuple[str, list[str]]]) -> None:
    before = "\n".join(line for name, lines in sections for line in (f"[{name}]", *lines))
    after = write_section(before, "profile x", profile_section("x"), {"region": "R", "endpoint_url": "E"})
    old, new = _parsed(before), _parsed(after)
    assert new.pop("profile x") == old.pop("profile x", {}) | {"region": "R", "endpoint_url": "E"}
    assert new == old
    assert [line for line in before.splitlines() if line.startswith(("#", ";"))] == [
        line for line in after.splitlines() if line.startswith(("#", ";"))
    ]


def _parsed(text: str) -> dict[str, dict[str, str]]:
    """Read as botocore does."""
    parser = configparser.RawConfigParser(default_section="", strict=False)
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}
