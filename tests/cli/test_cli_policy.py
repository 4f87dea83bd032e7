"""The commands that need no server: simulate, validate, test, and explain of a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from commands import Vestry

READS = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "R", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}],
}
EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"


def request(action: str = "s3:GetObject", **more: object) -> dict[str, object]:
    """Return a line of simulate."""
    ann = "arn:aws:iam::111122223333:user/ann"
    return {
        "principal": ann,
        "action": action,
        "resource": "arn:aws:s3:::b/k",
        "identityPolicies": [READS],
    } | more


def simulate(data: bytes, *options: str) -> list[dict[str, object]]:
    """Run `vestry simulate --jsonl` on stdin and return the answers."""
    command = [sys.executable, "-m", "vestry.cli", "simulate", "--jsonl", *options]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_line_is_answered_in_its_order_and_bad_ones_do_not_end_it() -> None:
    lines = [json.dumps(request(id=1)), "what?", "", json.dumps(request("s3:PutObject", id="z"))]
    answers = simulate("\n".join(lines).encode())
    assert [(row["id"], row.get("decision")) for row in answers] == [
        (1, "allowed"),
        (None, None),
        ("z", "implicitDeny"),
    ]
    assert "error" in answers[1]


def test_strict_is_passed_on() -> None:
    policy = READS | {"Statement": [READS["Statement"][0] | {"Principal": "*"}]}  # type: ignore[index]
    line = json.dumps(request(identityPolicies=[policy])).encode()
    assert "decision" in simulate(line)[0]
    assert "principal" in str(simulate(line, "--strict")[0]["error"])


def test_a_line_is_answered_before_the_next_comes() -> None:
    command = [sys.executable, "-m", "vestry.cli", "simulate", "--jsonl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for number in range(3):
            running.stdin.write(json.dumps(request(id=number)).encode() + b"\n")
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["id"] == number
        running.stdin.close()
        assert running.wait(20) == 0


def test_a_line_that_is_too_long_is_an_error_and_the_next_is_read() -> None:
    long = b'{"id": 1, "principal": "' + b"x" * 10_500_000 + b'"}'
    answers = simulate(long + b"\n" + json.dumps(request(id=2)).encode())
    assert answers[0] == {"id": None, "error": "the line is longer than 10000000 bytes"}
    assert answers[1]["id"] == 2


def test_simulate_without_a_form_says_what_to_do(vestry: Vestry) -> None:
    said = vestry("simulate")
    assert said.code == 1
    assert "simulate --jsonl" in said.err


def test_validate_names_place_severity_and_answer(vestry: Vestry, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(
        '{\n "Version": "2012-10-17",\n "Statement": {"Effect": "Allow", "Action": "s3:*",\n  "Resource": "b"}\n}'
    )
    said = vestry("validate", str(file))
    assert said.code == 1
    assert f"{file}:4:15: error: Statement[0].Resource" in said.out
    assert 'IAM answers: Resource b must be in ARN format or "*".' in said.out
    (report,) = json.loads(vestry("validate", "--json", str(file)).out)
    assert report["type"] == "managed"
    errors = [row for row in report["findings"] if row["severity"] == "error"]
    assert [(row["line"], row["rule"]) for row in errors] == [(4, "resource")]


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}, "managed"),
        (
            {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
            "trust",
        ),
        (
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
            "resource",
        ),
    ],
)
def test_validate_sees_what_a_policy_is_for(
    vestry: Vestry, tmp_path: Path, statement: object, kind: str
) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    said = vestry("validate", "--json", str(file))
    assert (said.code, json.loads(said.out)[0]["type"]) == (0, kind)
    assert (
        json.loads(vestry("validate", "--json", "--type", "scp", str(file)).out)[0]["type"]
        == "service-control"
    )


def test_validate_says_which_file_it_cannot_read(vestry: Vestry, tmp_path: Path) -> None:
    said = vestry("validate", str(tmp_path / "none.json"))
    assert said.code == 1
    assert "cannot read" in said.err


def test_validate_names_a_condition_key_that_nobody_has(vestry: Vestry, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    statement = READS["Statement"][0] | {"Condition": {"StringEquals": {"aws:Nonsense": "1"}}}  # type: ignore[index]
    file.write_text(json.dumps(READS | {"Statement": [statement]}))
    said = vestry("validate", str(file))
    assert said.code == 0
    assert "warning" in said.out
    assert "aws:Nonsense" in said.out


def test_the_examples_pass(vestry: Vestry, tmp_path: Path) -> None:
    said = vestry("test", str(EXAMPLES), "--junit", str(tmp_path / "j.xml"))
    assert said.code == 0, said.out
    assert "7 passed in" in said.out
    suite = ElementTree.parse(tmp_path / "j.xml").getroot()[0]  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), len(suite)) == ("7", "0", 7)


def test_a_failing_policy_test_is_explained(vestry: Vestry, tmp_path: Path) -> None:
    test = {"name": "Ann writes", "principal": None, "may": "s3:PutObject on arn:aws:s3:::b/k"}
    (tmp_path / "t.json").write_text(json.dumps({"tests": [test]}))
    (tmp_path / "policy.json").write_text(json.dumps(READS))
    said = vestry("test", str(tmp_path), "--junit", str(tmp_path / "j.xml"))
    assert said.code == 1
    assert "FAILED Ann writes: may s3:PutObject on arn:aws:s3:::b/k" in said.out
    assert "expected allowed, decided implicitDeny by resource" in said.out
    assert "1 failed, 0 passed in" in said.out
    failure = ElementTree.parse(tmp_path / "j.xml").getroot().find("testsuite/testcase/failure")  # noqa: S314 - our own
    assert failure is not None
    assert failure.get("message") == "expected allowed, decided implicitDeny by resource"


def test_tests_are_chosen_by_name_and_none_is_a_usage_error(vestry: Vestry) -> None:
    assert "1 passed in" in vestry("test", str(EXAMPLES), "-k", "Nobody comes").out
    said = vestry("test", str(EXAMPLES), "-k", "no such test")
    assert (said.code, "no tests found" in said.out) == (2, True)
    assert "PASSED" in vestry("test", str(EXAMPLES), "-v").out


def test_a_broken_test_file_is_named(vestry: Vestry, tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("tests: [{principal: ann, may: 's3:GetObject'}]")
    said = vestry("test", str(file))
    assert said.code == 1
    assert f"{file}: test 1: may s3:GetObject: principal 'ann' is neither" in said.err
    file.write_text("tests: [")
    assert "neither YAML nor JSON" in vestry("test", str(file)).err


def test_explain_reads_a_request_from_a_file(vestry: Vestry, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text(json.dumps(request("s3:PutObject")))
    said = vestry("explain", str(file))
    assert said.code == 0
    assert "Add to the identity policies: allow s3:PutObject on arn:aws:s3:::b/k." in said.out
    (told,) = json.loads(vestry("explain", str(file), "--json").out)["questions"]
    assert (told["decision"], told["decidedBy"]) == ("implicitDeny", "identity")
    assert told["change"][0]["edit"] == "addStatement"
    assert told["layers"][0]["statements"][0]["checks"][0] == {
        "element": "Action",
        "matched": False,
        "written": ["s3:Get*"],
        "found": "s3:PutObject",
    }


def test_explain_says_what_it_cannot_read(vestry: Vestry, tmp_path: Path) -> None:
    assert "neither a request id nor a file" in vestry("explain", str(tmp_path / "none")).err
    (tmp_path / "r.json").write_text("{}")
    assert "principal" in vestry("explain", str(tmp_path / "r.json")).err
    assert vestry("explain").code == 2
