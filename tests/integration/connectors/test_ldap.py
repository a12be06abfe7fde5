"""People and groups in a real OpenLDAP: written, changed, joined, read across restarts, encrypted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConfigError, DefinitionError, Invalid, MissingReference, Refused
from lineshaft.connectors.ldap import LDAP
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised
from support.slapd import BASE, HUB, Slapd

pytestmark = pytest.mark.needs("slapd")

PASSWORD = "directory-s3cret"
ENTRIES = f"""dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: uid=chief,ou=people,{BASE}
objectClass: inetOrgPerson
uid: chief
cn: 王总
sn: 王

dn: cn=sales,ou=groups,{BASE}
objectClass: groupOfNames
cn: sales
member: uid=chief,ou=people,{BASE}
"""
MANIFEST = """
format: 1
connector: ldap
name: directory
auth: {user: secret:user, password: secret:password}
resources:
  person:
    label: {en: Person, zh: 人员}
    base: ou=people
    classes: [inetOrgPerson]
    key: number
    fields:
      number: {attribute: uid, required: true}
      name: cn
      family: sn
      phones: {attribute: telephoneNumber, many: true}
      manager: {attribute: manager, link: person}
      rooms: {attribute: roomNumber, type: number}
    changes: {page: 4, overlap_s: 1, type: '"directory.person.changed"', subject: item.number}
  group:
    base: ou=groups
    filter: (objectClass=groupOfNames)
    key: name
    fields: {name: cn, members: {attribute: member, many: true, link: person}}
operations:
  person.save:
    action: put
    resource: person
    values:
      number: payload.number
      name: payload.name
      family: payload.family
      manager: payload.manager
      phones: payload.phones
      rooms: payload.rooms
  person.add:
    action: add
    resource: person
    values: {number: payload.number, name: payload.name, family: payload.name}
  person.move: {action: modify, resource: person, key: payload.number, values: {phones: payload.phones}}
  person.remove: {action: delete, resource: person, key: payload.number}
  person.password: {action: password, resource: person, key: payload.number, password: payload.password}
  person.find: {action: find, resource: person, where: {manager: payload.manager}}
  group.join: {action: join, resource: group, key: payload.group, members: members, member: payload.person}
  group.leave: {action: leave, resource: group, key: payload.group, members: members, member: payload.person}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Slapd]:
    server = Slapd(tmp_path_factory.mktemp("slapd"), PASSWORD, entries=ENTRIES)
    await server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def directory(server: Slapd) -> AsyncIterator[Connector]:
    connector = connect(server)
    yield connector
    await connector.close()


def connect(
    server: Slapd, user: str = HUB, password: str = PASSWORD, manifest: str = MANIFEST, **settings: Any
) -> Connector:
    known = {"user": user, "password": password}
    given = {"host": "127.0.0.1", "port": server.port, "base": BASE, **settings}
    connection = Connection("directory", given, known.__getitem__, FixedClock())
    return LDAP.read(manifest.encode(), "directory.yaml").connect(connection)


def person(number: str, **changes: Any) -> Mapping[str, Any]:
    record = {"number": number, "name": "李娜", "family": "李", "manager": "chief", "phones": ["1", "2"]}
    return {**record, "rooms": Decimal("3.10"), **changes}


async def test_a_person_is_written_changed_and_removed_and_a_repeat_says_so(directory: Connector) -> None:
    number = 'li, na+"1"#;<x>\\'
    first = await directory.call("person.save", person(number), context())
    again = await directory.call("person.save", person(number), context())
    assert (first.repeated, again.repeated) == (False, True)
    record = await directory.read("person", number)
    assert record == {
        "number": number, "name": "李娜", "family": "李", "phones": ["1", "2"], "manager": "chief",
        "rooms": Decimal("3.10"),
    }  # fmt: skip
    change = person(number, manager=None, phones=[], rooms=None)
    assert not (await directory.call("person.save", change, context())).repeated
    assert await directory.read("person", number) == {**record, "phones": [], "manager": None, "rooms": None}
    gone = await directory.call("person.remove", {"number": number}, context())
    twice = await directory.call("person.remove", {"number": number}, context())
    assert (gone.repeated, twice.repeated) == (False, True)


async def test_who_is_not_there_is_a_missing_reference(directory: Connector) -> None:
    call = directory.call("person.save", person("wu", manager="nobody"), context())
    assert (await raised(MissingReference, call)).reference == "person:directory:nobody"
    await raised(
        MissingReference, directory.call("person.move", {"number": "nobody", "phones": []}, context())
    )
    assert await directory.read("person", "wu") is None


async def test_an_entry_with_other_values_is_not_overwritten_by_add(directory: Connector) -> None:
    await directory.call("person.add", {"number": "zhao", "name": "赵"}, context())
    assert (await directory.call("person.add", {"number": "zhao", "name": "赵"}, context())).repeated
    error = await raised(Refused, directory.call("person.add", {"number": "zhao", "name": "钱"}, context()))
    assert error.code == "entry_exists"


async def test_the_servers_own_no_keeps_its_code_and_words(directory: Connector) -> None:
    error = await raised(Invalid, directory.call("person.save", person("sun", family=None), context()))
    assert error.vendor_code == "65"
    assert "sn" in (error.vendor_text or "")


async def test_members_join_and_leave_one_at_a_time(directory: Connector) -> None:
    await directory.call("person.save", person("zhou"), context())
    payload = {"group": "sales", "person": "zhou"}
    first = await directory.call("group.join", payload, context())
    again = await directory.call("group.join", payload, context())
    assert (first.repeated, again.repeated) == (False, True)
    assert (await directory.read("group", "sales") or {})["members"] == ["chief", "zhou"]
    await directory.call("group.leave", payload, context())
    assert (await directory.call("group.leave", payload, context())).repeated
    assert (await directory.read("group", "sales") or {})["members"] == ["chief"]


async def test_a_new_password_lets_its_owner_in_over_an_encrypted_line(server: Slapd) -> None:
    admin = connect(server)
    await admin.call("person.save", person("feng"), context())
    await admin.call("person.password", {"number": "feng", "password": "n3u ü"}, context())
    await admin.close()
    own = {"tls": "starttls", "ca_file": str(server.certificate)}
    name = f"uid=feng,ou=people,{BASE}"
    for password, good in (("n3u ü", True), ("wrong", False)):
        person_ = connect(server, name, password, **own)
        steps = await person_.check()
        assert [step.ok for step in steps[:2]] == [True, good]
        await person_.close()
    stranger = connect(server, tls="starttls")
    assert [step.ok for step in await stranger.check()] == [False]
    await stranger.close()
    with pytest.raises(ConfigError, match="clear"):
        connect(server, host="directory.firm.example", tls="off")


async def test_changes_come_in_pages_without_a_gap_and_a_repeat_has_the_same_id(server: Slapd) -> None:
    before = connect(server)
    for index in range(10):
        await before.call("person.save", person(f"p{index}"), context())
    first = await before.changes("person", None)
    assert first.more
    assert len(first.changes) == 4
    await before.close()
    # Started again in mid-sweep: the cookie is gone with its line, the sweep begins once more.
    after = connect(server)
    rest, cursor = await swept(after, first.cursor)
    seen = [*first.changes, *rest]
    subjects = {change.id: change.subject for change in seen}
    assert {f"p{index}" for index in range(10)} <= set(subjects.values())
    assert len(subjects) == len(set(subjects.values()))
    assert all(change.occurred_at is not None for change in seen)
    await after.call("person.save", person("p3", phones=["3"]), context())
    late, _ = await swept(after, cursor)
    (told,) = [change for change in late if change.id not in subjects]
    assert (told.subject, told.data["phones"]) == ("p3", ["3"])
    await after.close()


async def test_an_entry_that_is_gone_is_told_once_across_a_restart(server: Slapd) -> None:
    told = MANIFEST.replace("{page: 4,", "{page: 4, deleted: directory.person.deleted,")
    before = connect(server, manifest=told)
    for index in range(6):
        await before.call("person.save", person(f"g{index}"), context())
    first = await before.changes("person", None)
    await before.close()
    after = connect(server, manifest=told)
    _, cursor = await swept(after, first.cursor)
    await after.call("person.remove", {"number": "g2"}, context())
    late, behind = await swept(after, cursor)
    again, _ = await swept(after, cursor)
    for seen in (late, again):
        (gone,) = [change for change in seen if change.type == "directory.person.deleted"]
        assert (gone.subject, gone.data["dn"]) == ("g2", f"uid=g2,ou=people,{BASE}")
    assert {change.id for change in late} == {change.id for change in again}
    rest, _ = await swept(after, behind)
    assert [change for change in rest if change.type == "directory.person.deleted"] == []
    await after.close()


async def swept(directory: Connector, cursor: bytes) -> tuple[list[Change], bytes]:
    seen: list[Change] = []
    more = True
    while more:
        page = await directory.changes("person", cursor)
        seen += page.changes
        cursor, more = page.cursor, page.more
    return seen, cursor


async def test_describe_tells_the_schemas_own_words(directory: Connector) -> None:
    (people, _) = await directory.describe()
    fields = {field.name: field for field in people.fields}
    assert fields["family"].required
    assert "last (family) name" in str(fields["family"].label)
    assert "jpegPhoto" in fields
    found = await directory.call("person.find", {"manager": "chief"}, context())
    assert found.answer["count"] == len(found.answer["records"])


def test_what_is_wrong_with_a_manifest_is_told_with_its_line() -> None:
    broken = MANIFEST.replace("key: number\n", "key: numbr\n").replace("secret:password", "hunter2")
    with pytest.raises(DefinitionError) as caught:
        LDAP.read(broken.encode(), "directory.yaml")
    codes = {problem.code: problem for problem in caught.value.problems}
    assert codes["secret_literal"].place.line == 5
    assert "number" in str(codes["field_unknown"].hint)
