"""What finds instances: by id and by address in the whole installation, their profile, their launch."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from vestry.directory.draft import Draft
from vestry.directory.entities import Entity, Settings
from vestry.directory.machines import TERMINATED, Association, Instance, InstanceProfile, MetadataOptions
from vestry.directory.snapshot import Root, assemble

ONE, TWO = "111111111111", "222222222222"
PROFILE = InstanceProfile(ONE, "AIPA1", "Web", "/", 1, "AROA1")


def instance(identifier: str, address: str, account: str = ONE, **more: Any) -> Instance:
    facts: dict[str, Any] = {
        "region": "us-east-1", "zone": "us-east-1a", "reservation": "r-1", "launched": 1, "started": 1,
        "image": "ami-1", "type": "t3.micro", "subnet": "subnet-1", "groups": (), "options": MetadataOptions(),
    }  # fmt: skip
    return Instance(account=account, id=identifier, address=address, **(facts | more))


def root(*entities: Entity) -> Root:
    accounts = (Settings(ONE, "one", "1", 1), Settings(TWO, "two", "2", 1))
    return assemble([*accounts, *entities], 1)


def at(found: Root, address: str) -> list[str]:
    return [one.id for one in found.instances_at(address)]


def test_an_instance_is_found_by_its_id_in_whichever_account() -> None:
    mine, others = instance("i-1", "10.0.0.1"), instance("i-2", "10.0.0.1", TWO)
    found = root(mine, others)
    assert found.instance("i-1") == mine
    assert found.instance("i-2") == others
    assert found.instance("i-3") is None


def test_instances_are_found_by_the_address_that_they_claim() -> None:
    found = root(
        instance("i-2", "10.0.0.1"),
        instance("i-1", "10.0.0.1", TWO),
        instance("i-3", "10.0.0.2"),
        instance("i-4", "10.0.0.3", state=TERMINATED),
    )
    assert at(found, "10.0.0.1") == ["i-1", "i-2"]
    assert at(found, "10.0.0.2") == ["i-3"]
    assert at(found, "10.0.0.3") == at(found, "") == at(found, "10.0.0.4") == []


def test_an_address_is_given_up_by_a_termination_and_by_a_removal() -> None:
    mine, others = instance("i-1", "10.0.0.1"), instance("i-2", "10.0.0.1", TWO)
    draft = Draft(root(mine, others))
    draft.put(replace(mine, state=TERMINATED), replacing=mine)
    assert at(draft.root, "10.0.0.1") == ["i-2"]
    assert draft.root.instance("i-1") is not None, "it is still shown"
    draft.remove(others)
    assert at(draft.root, "10.0.0.1") == []
    assert draft.root.instance("i-2") is None


def test_the_profile_of_an_instance_is_the_one_it_was_associated_with_and_no_namesake() -> None:
    held = Association("iip-assoc-1", PROFILE.arn, PROFILE.id, 1)
    with_it, without = instance("i-1", "10.0.0.1", association=held), instance("i-2", "10.0.0.2")
    account = root(PROFILE, with_it, without).accounts[ONE]
    assert account.profile_of(with_it) == PROFILE
    assert account.profile_of(without) is None
    made_again = root(replace(PROFILE, id="AIPA2"), with_it).accounts[ONE]
    assert made_again.profile_of(with_it) is None
    assert root(with_it).accounts[ONE].profile_of(with_it) is None
    elsewhere = root(replace(PROFILE, path="/other/"), with_it).accounts[ONE]
    assert elsewhere.profile_of(with_it) is None


def test_instances_are_found_by_their_association_and_by_the_token_of_their_launch() -> None:
    held = Association("iip-assoc-1", PROFILE.arn, PROFILE.id, 1)
    first = instance("i-2", "10.0.0.1", association=held, token="t", index=0)
    second = instance("i-1", "10.0.0.2", token="t", index=1)
    abroad = instance("i-3", "10.0.0.3", token="t", region="eu-west-1")
    machines = root(first, second, abroad).accounts[ONE].machines
    assert machines.by_association("iip-assoc-1") == first
    assert machines.by_association("iip-assoc-2") is None
    assert machines.launched("us-east-1", "t") == [first, second], "in the order of their launch"
    assert machines.launched("eu-west-1", "t") == [abroad]
    assert machines.launched("us-east-1", "u") == []
