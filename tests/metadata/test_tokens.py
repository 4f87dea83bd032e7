"""Session tokens of IMDSv2: who gets one, what it opens, and how its absence is told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from registered import INSTANCE, Registered
from vestry.directory.entities import Settings
from vestry.directory.machines import STOPPED, TERMINATED, MetadataOptions

LIFE = "x_aws_ec2_metadata_token_ttl_seconds"
TOKEN = "x_aws_ec2_metadata_token"
LEFT = b"X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
PATH = "/latest/api/token"
ID = "/latest/meta-data/instance-id"


@pytest.mark.parametrize(
    ("sentence", "method", "path", "headers", "status"),
    [
        ("a life of one second is enough", "PUT", PATH, {LIFE: "1"}, 200),
        ("six hours are the longest life", "PUT", PATH, {LIFE: "21600"}, 200),
        ("a longer life is refused", "PUT", PATH, {LIFE: "21601"}, 400),
        ("no life is refused", "PUT", PATH, {LIFE: "0"}, 400),
        ("a negative life is refused", "PUT", PATH, {LIFE: "-1"}, 400),
        ("a life in words is refused", "PUT", PATH, {LIFE: "one"}, 400),
        ("an empty life is refused", "PUT", PATH, {LIFE: ""}, 400),
        ("a number of many digits is refused", "PUT", PATH, {LIFE: "9" * 5000}, 400),
        ("a token needs a life", "PUT", PATH, {}, 400),
        ("other versions have no tokens", "PUT", "/2021-07-15/api/token", {LIFE: "60"}, 403),
        ("slashes too many are no other path", "PUT", "//latest/api/token", {LIFE: "60"}, 200),
        ("no token goes through a proxy", "PUT", PATH, {LIFE: "60", "x_forwarded_for": "10.0.0.1"}, 403),
        ("a token is not got", "GET", PATH, {LIFE: "60"}, 405),
        ("a token is not posted for", "POST", PATH, {LIFE: "60"}, 405),
        ("nothing else can be put", "PUT", ID, {LIFE: "60"}, 405),
        ("nothing can be deleted", "DELETE", ID, {}, 405),
        ("a head is answered", "HEAD", ID, {}, 200),
        ("a reader may come through a proxy", "GET", ID, {"x_forwarded_for": "10.0.0.1"}, 200),
        ("a token that is none is refused even where none is required", "GET", ID, {TOKEN: "no"}, 401),
        ("so is an empty one", "GET", ID, {TOKEN: ""}, 401),
        ("so is one that is no ASCII", "GET", ID, {TOKEN: "größer"}, 401),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_requests(sentence: str, method: str, path: str, headers: dict[str, str], status: int) -> None:
    assert Registered().ask(method, path, **headers).status == status, sentence


def test_a_method_that_is_refused_is_told_which_there_are() -> None:
    place = Registered()
    refused = place.ask("GET", PATH)
    assert (b"Allow", b"OPTIONS, PUT") in refused.headers
    assert refused.body == b""
    assert (b"Allow", b"GET, HEAD") in place.ask("POST", ID).headers


def test_the_life_is_echoed_and_the_rest_of_it_told_with_each_answer() -> None:
    place = Registered()
    reply = place.ask("PUT", PATH, **{LIFE: "300"})
    assert dict(reply.headers)[LEFT] == b"300"
    place.now += 100
    again = place.ask("GET", ID, **{TOKEN: reply.body.decode()})
    assert dict(again.headers)[LEFT] == b"200"
    assert LEFT not in dict(place.ask("GET", ID).headers)


def test_a_token_ends_with_its_life() -> None:
    place = Registered()
    token = place.token(60)
    place.now += 59
    assert place.ask("GET", ID, **{TOKEN: token}).status == 200
    place.now += 1
    assert place.ask("GET", ID, **{TOKEN: token}).status == 401


def test_where_tokens_are_required_none_is_refused_and_one_opens() -> None:
    place = Registered(replace(INSTANCE, options=MetadataOptions(tokens="required")))
    assert place.ask("GET", ID).status == 401
    assert place.ask("GET", ID, **{TOKEN: place.token()}).status == 200


def test_a_token_of_another_instance_opens_nothing() -> None:
    place = Registered()
    token = place.token()
    place.put(replace(INSTANCE, id="i-00000000000000002", address="172.31.0.9", association=None))
    place.id = "i-00000000000000002"
    assert place.ask("GET", ID, **{TOKEN: token}).status == 401


def test_a_token_ends_when_the_account_is_reset() -> None:
    place = Registered()
    token = place.token()
    settings = place.root.accounts[INSTANCE.account].settings
    place.put(Settings(settings.account, settings.alias, "2f00", settings.created), settings)
    assert place.ask("GET", ID, **{TOKEN: token}).status == 401


def test_an_altered_token_opens_nothing() -> None:
    place = Registered()
    token = place.token()
    other = ("B" if token[30] == "A" else "A").join((token[:30], token[31:]))
    assert place.ask("GET", ID, **{TOKEN: other}).status == 401


def test_a_token_opens_again_after_a_restart() -> None:
    place, after = Registered(), Registered()
    assert after.ask("GET", ID, **{TOKEN: place.token()}).status == 200


def test_no_two_tokens_are_the_same() -> None:
    place = Registered()
    assert place.token() != place.token()


def test_the_answer_to_a_token_request_goes_no_farther_than_the_instance_says() -> None:
    place = Registered(replace(INSTANCE, options=MetadataOptions(hop_limit=2)))
    assert place.ask("PUT", PATH, **{LIFE: "60"}).hops == 2
    assert place.ask("GET", ID).hops == 0


@pytest.mark.parametrize("state", [STOPPED, TERMINATED])
def test_an_instance_that_does_not_run_is_refused(state: str) -> None:
    place = Registered()
    place.change(state=state)
    assert place.ask("GET", ID).status == 403
    assert place.ask("PUT", PATH, **{LIFE: "60"}).status == 403


def test_an_instance_that_does_not_exist_finds_nothing() -> None:
    place = Registered()
    place.id = "i-0000000000000000f"
    assert place.ask("GET", ID).status == 404
    assert place.ask("PUT", PATH, **{LIFE: "60"}).status == 404


def test_where_the_endpoint_is_off_everything_is_refused() -> None:
    place = Registered(replace(INSTANCE, options=MetadataOptions(endpoint="disabled")))
    assert place.ask("GET", ID).status == 403
    refused = place.ask("PUT", PATH, **{LIFE: "60"})
    assert refused.status == 403
    assert b"<h1>403 - Forbidden</h1>" in refused.body
