"""People, tokens and sessions on every make: what one node changes the others see; nothing goes unnoted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Conflict, NotAllowed, NotFound
from lineshaft.base.scope import Scope
from lineshaft.security import passwords, totp
from lineshaft.security.audit import Audit
from lineshaft.security.directory import FRESH_S, Directory
from lineshaft.security.members import Department, Position, User
from lineshaft.security.people import Caller
from lineshaft.security.sessions import IDLE, LASTS, Sessions
from lineshaft.security.signing_in import CodeNeeded, NotSignedIn, SigningIn, TooManyTries
from lineshaft.security.tokens import Tokens, TokenWish
from lineshaft.security.vault import Vault
from lineshaft.store.port import Store
from support.store_lab import Lab
from support.store_rows import ENGINE, T0

ROOT = Caller("root", Scope("default"), frozenset({"administrator"}), kind="own", id="root")
PASSWORD = "four brown geese fly"


@dataclass
class Node:
    """One node's guards over a store."""

    store: Store
    clock: FixedClock

    def __post_init__(self) -> None:
        self.audit = Audit(self.store, self.clock, "default")
        self.directory = Directory(self.store, self.clock, self.audit)
        self.tokens = Tokens(self.store, self.clock, self.audit, self.directory)
        self.sessions = Sessions(self.store, self.clock, self.audit, self.directory, self.tokens)
        vault = Vault([b"k" * 32])
        self.signing_in = SigningIn(self.store, self.clock, self.audit, self.directory, lambda: vault)

    async def caller(self, token: str, address: str = "") -> Caller | None:
        return await self.tokens.caller(token, self.clock.now(), address)

    async def actions(self) -> list[str]:
        return [entry.action for entry in await self.store.audit_after(ENGINE, 0, 99)]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The costs are looked at by another test; here they would only take time."""
    monkeypatch.setattr(passwords, "_MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "_ITERATIONS", 1)


@pytest.fixture
async def nodes(lab: Lab) -> tuple[Node, Node]:
    clock = FixedClock(T0)
    return Node(await lab.open(), clock), Node(await lab.open(), clock)


async def test_roles_come_from_positions_and_end_with_them_on_all_nodes(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    await here.directory.put_department("north", Department("北区", "North"), ROOT)
    await here.directory.put_department("yard", Department("堆场", "Yard", "north"), ROOT)
    await here.directory.put_position("rep", Position("代表", "Rep", ("sales",)), ROOT)
    await here.directory.add_user("li", User("李", "north", ("rep",)), ROOT, PASSWORD)
    await here.directory.choose_password("li", PASSWORD + "!")
    caller = await there.directory.caller_of("li")
    assert caller is not None
    assert caller.roles == {"sales"}
    assert caller.scope.departments == {"north", "yard"}
    assert "cost" in caller.scope.masked_fields
    assert caller.scope.own_fields == {"balance", "contact"}
    await here.directory.put_position("rep", Position("代表", "Rep", ("buyer",)), ROOT)
    here.clock.advance(FRESH_S + 0.1)
    caller = await there.directory.caller_of("li")
    assert caller is not None
    assert caller.roles == {"buyer"}
    await here.directory.change_user("li", {"active": False}, ROOT)
    here.clock.advance(FRESH_S + 0.1)
    assert await there.directory.caller_of("li") is None
    assert "user.changed" in await here.actions()


async def test_nobody_grants_more_than_they_have(nodes: tuple[Node, Node]) -> None:
    here, _ = nodes
    await here.directory.add_user("root2", User("R", roles=("administrator",)), ROOT, PASSWORD)
    personnel = Caller(
        "hr", Scope("default"), actions=frozenset({"people.manage", "roles.manage", "read"}), id="hr"
    )
    with pytest.raises(NotAllowed):
        await here.directory.add_user("x", User("X", roles=("it",)), personnel, PASSWORD)
    with pytest.raises(NotAllowed):
        await here.directory.set_password("root2", None, personnel)
    with pytest.raises(Conflict, match="last administrator"):
        await here.directory.change_user("root2", {"active": False}, ROOT)
    north = Caller("n", Scope("default", frozenset({"north"})), frozenset({"administrator"}))
    with pytest.raises(NotFound):
        await here.directory.change_user("root2", {"name": "Y"}, north)


async def test_token_is_good_everywhere_until_it_ends(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    wish = TokenWish("mes", ["machine"], scopes=["events.send"], addresses=["10.1.0.0/16"])
    made, shown = await here.tokens.create(wish, ROOT)
    assert shown.rpartition("_")[2] not in json.dumps([repr(each) for each in await here.tokens.all()])
    caller = await there.caller(shown, "10.1.2.3")
    assert caller is not None
    assert caller.rights == {"events.send"}
    with pytest.raises(NotAllowed, match=r"10\.2\.0\.1"):
        await there.caller(shown, "10.2.0.1")
    for wrong in (shown[:-1], shown + "0", shown.upper(), "", "lst__", "lst_a_b", "x" * 5000):
        assert await there.caller(wrong, "10.1.2.3") is None
    newer = await here.tokens.rotate(made.id, timedelta(hours=1), ROOT)
    here.clock.advance(FRESH_S + 1)
    assert await there.caller(shown, "10.1.2.3") is not None
    assert await there.caller(newer, "10.1.2.3") is not None
    here.clock.advance(3600)
    assert await there.caller(shown, "10.1.2.3") is None
    assert (await here.tokens.all())[0].value.used_at is not None
    await here.tokens.revoke(made.id)
    here.clock.advance(FRESH_S + 0.1)
    assert await there.caller(newer, "10.1.2.3") is None
    noted = await here.actions()
    assert [each for each in noted if each.startswith("token.")] == [
        "token.made",
        "token.refused",
        "token.rotated",
        "token.ended",
    ]


async def test_session_ends_when_it_rests_when_the_day_is_over_and_everywhere_at_once(
    nodes: tuple[Node, Node],
) -> None:
    here, there = nodes
    await here.directory.add_user("li", User("李", roles=("clerk",)), ROOT, PASSWORD)
    first, second = [await here.sessions.begin("user:li", "password", "li") for _ in range(2)]
    found = await there.sessions.find(first, there.clock.now())
    assert found is not None
    assert found.caller.must == "password"
    assert found.caller.rights == frozenset()
    assert await there.sessions.find("0" * 64, there.clock.now()) is None
    here.clock.advance(IDLE.total_seconds() - 60)
    assert await here.sessions.find(first, here.clock.now()) is not None
    here.clock.advance(120)
    assert await there.sessions.find(first, here.clock.now()) is not None  # it was used a while ago
    assert await there.sessions.find(second, here.clock.now()) is None
    third = await here.sessions.begin("user:li", "password", "li")
    assert await there.sessions.find(third, here.clock.now()) is not None
    assert await here.sessions.sign_out_everywhere("user:li") == 2
    here.clock.advance(FRESH_S + 0.1)
    assert await there.sessions.find(third, here.clock.now()) is None
    fourth = await here.sessions.begin("user:li", "password", "li")
    for _ in range(13):
        here.clock.advance(3600)
        await here.sessions.find(fourth, here.clock.now())
    assert await here.sessions.find(fourth, here.clock.now()) is None
    assert timedelta(hours=13) > LASTS
    assert await here.sessions.sweep() == 1


async def test_guessing_is_slowed_down_for_those_who_are_there_and_those_who_are_not(
    nodes: tuple[Node, Node],
) -> None:
    here, there = nodes
    await here.directory.add_user("li", User("李", roles=("clerk",)), ROOT, PASSWORD)
    for login in ("li", "nobody"):
        for number in range(passwords.FREE_TRIES):
            node = (here, there)[number % 2]
            with pytest.raises(NotSignedIn):
                await node.signing_in.by_password(login, "wrong", None)
        with pytest.raises(TooManyTries, match="15"):
            await there.signing_in.by_password(login, PASSWORD, None)
    here.clock.advance(passwords.FIRST_DELAY_S + 1)
    assert await there.signing_in.by_password(" LI ", PASSWORD, None) == ("li", "password")
    with pytest.raises(NotSignedIn):  # and the count begins anew
        await there.signing_in.by_password("li", "wrong", None)
    refused = [entry for entry in await here.store.audit_after(ENGINE, 0, 99) if entry.outcome == "refused"]
    assert {entry.subject for entry in refused} == {"li", "nobody"}


async def test_one_time_code_is_good_once(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    await here.directory.add_user("li", User("李", roles=("clerk",)), ROOT, PASSWORD)
    secret, address, offer = here.signing_in.new_totp("li")
    assert f"secret={secret}" in address
    step = totp.step_at(here.clock.now())
    codes = await there.signing_in.confirm_totp("li", offer, totp.code_at(secret, step))
    with pytest.raises(CodeNeeded):
        await here.signing_in.by_password("li", PASSWORD, None)
    with pytest.raises(NotSignedIn):  # the code that switched it on
        await here.signing_in.by_password("li", PASSWORD, totp.code_at(secret, step))
    next_code = totp.code_at(secret, step + 1)
    assert await here.signing_in.by_password("li", PASSWORD, next_code) == ("li", "password+totp")
    with pytest.raises(NotSignedIn):
        await there.signing_in.by_password("li", PASSWORD, next_code)
    assert (await there.signing_in.by_password("li", PASSWORD, codes[0]))[0] == "li"
    with pytest.raises(NotSignedIn):
        await there.signing_in.by_password("li", PASSWORD, codes[0])
    kept = await here.directory.user("li")
    assert secret not in repr(kept.value)
