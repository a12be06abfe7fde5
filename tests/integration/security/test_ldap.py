"""People sign in against a real OpenLDAP server: right and wrong passwords, groups, encryption."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.base.errors import ConfigError
from lineshaft.base.scope import Scope
from lineshaft.security.ldap import LdapDirectory, LdapSettings, LdapTrouble
from lineshaft.security.sign_in_methods import SignInMethods
from lineshaft.security.signing_in import NotSignedIn
from support.certificates import make_certificate
from support.waiting import until_true
from tools import services
from tools.postgres import free_port

pytestmark = pytest.mark.needs("slapd")

BASE = "dc=firm,dc=example"
LDIF = """dn: dc=firm,dc=example
objectClass: domain
dc: firm

dn: cn=hub,dc=firm,dc=example
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: hub
userPassword: look-up

dn: uid=li,dc=firm,dc=example
objectClass: inetOrgPerson
uid: li
cn: Li Na
sn: Li
mail: li@firm.example
ou: CN=Sales Team,OU=Groups,DC=firm
departmentNumber: north
userPassword: right (1)

dn: uid=wang,dc=firm,dc=example
objectClass: inetOrgPerson
uid: wang
cn: Wang
sn: Wang
ou: Canteen
userPassword: also right
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    program = services.SERVICES["slapd"].find()
    assert program is not None
    root = Path(program).parents[2]
    folder = tmp_path_factory.mktemp("slapd")
    (folder / "data").mkdir()
    certificate, key = make_certificate(folder)
    schema = root / "etc" / "ldap" / "schema"
    (folder / "slapd.conf").write_text(
        "".join(f"include {schema / name}.schema\n" for name in ("core", "cosine", "inetorgperson"))
        + f"modulepath {root / 'usr' / 'lib' / 'ldap'}\nmoduleload back_mdb\n"
        + f"TLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n"
        + f"TLSCACertificateFile {certificate}\n"
        + f'database mdb\nsuffix "{BASE}"\nrootdn "cn=root,{BASE}"\ndirectory {folder / "data"}\n'
        + "access to attrs=userPassword by anonymous auth by * none\n"
        + f'access to * by dn.exact="cn=hub,{BASE}" read by anonymous auth by * none\n'
    )
    (folder / "people.ldif").write_text(LDIF)
    libraries = [str(path) for path in (root / "usr" / "lib").glob("*-linux-gnu*")]
    environment = os.environ | {"LD_LIBRARY_PATH": ":".join(libraries)}
    base = [program, "-f", str(folder / "slapd.conf")]
    add = [program, "-T", "add", "-f", str(folder / "slapd.conf"), "-l", str(folder / "people.ldif")]
    subprocess.run(add, check=True, env=environment, capture_output=True)
    port = free_port()
    process = subprocess.Popen([*base, "-h", f"ldap://127.0.0.1:{port}/", "-d", "0"], env=environment)
    asyncio.run(until_true(lambda: answers(port)))
    yield f"ldap://127.0.0.1:{port}", certificate
    process.terminate()
    process.wait(10)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def settings(server: tuple[str, Path], **over: object) -> LdapSettings:
    values: dict[str, object] = {
        "url": server[0],
        "base": BASE,
        "bind_dn": f"cn=hub,{BASE}",
        "bind_password": "look-up",
        "ca_file": str(server[1]),
        "group_attribute": "ou",
        "department_attribute": "departmentNumber",
    }
    return LdapSettings(**(values | over))  # type: ignore[arg-type]


async def test_right_password_over_encrypted_line(server: tuple[str, Path]) -> None:
    directory = LdapDirectory(settings(server))
    person = await directory.sign_in("li", "right (1)")
    assert person is not None
    assert (person.name, person.email, person.department) == ("Li Na", "li@firm.example", "north")
    assert "Sales Team" in person.groups
    assert await directory.sign_in("li", "wrong") is None
    assert await directory.sign_in("li", "") is None
    assert await directory.sign_in("nobody", "right (1)") is None
    for trick in ("*", "li)(uid=*", "l*", "li)(|(uid=*", "\0"):
        assert await directory.sign_in(trick, "right (1)") is None


async def test_certificate_of_somebody_else_is_not_taken(server: tuple[str, Path]) -> None:
    with pytest.raises(LdapTrouble):
        await LdapDirectory(settings(server, ca_file="")).sign_in("li", "right (1)")
    with pytest.raises(LdapTrouble) as own:
        await LdapDirectory(settings(server, bind_password="wrong")).sign_in("li", "right (1)")
    assert own.value.code == "ldap_own_login"
    with pytest.raises(ConfigError):
        LdapDirectory(LdapSettings("ldap://directory.firm.example", BASE, start_tls=False))


async def test_directory_is_tested_step_by_step_up_to_the_first_that_fails(server: tuple[str, Path]) -> None:
    async def outcomes(**over: object) -> list[bool]:
        directory = LdapDirectory(settings(server, **over))
        methods = SignInMethods(list, lambda: {"ldap": directory})
        return [each.ok for each in await methods.check("ldap")]

    assert await outcomes() == [True, True, True]
    assert await outcomes(ca_file="") == [False]
    assert await outcomes(bind_password="wrong") == [True, False]
    assert await outcomes(base="dc=elsewhere,dc=example") == [True, True, False]


async def test_group_of_the_directory_is_a_role_here(server: tuple[str, Path]) -> None:
    options = {
        "store.url": "memory:",
        "security.ldap_url": server[0],
        "security.ldap_base": BASE,
        "security.ldap_bind_dn": f"cn=hub,{BASE}",
        "security.ldap_bind_password": "secret:ldap",
        "security.ldap_ca_file": str(server[1]),
        "security.ldap_group_attribute": "ou",
        "security.group_roles": ["sales team=sales"],
    }
    hub = build(read_config(options=options), {"LINESHAFT_SECRET_LDAP": "look-up"})
    await hub.open()
    signing_in = hub.guards.signing_in
    assert await signing_in.by_password("Li", "right (1)", None) == ("li", "ldap")
    caller = await hub.guards.directory.caller_of("li")
    assert caller is not None
    assert caller.roles == {"sales"}
    with pytest.raises(NotSignedIn) as outside:
        await signing_in.by_password("wang", "also right", None)
    assert outside.value.code == "no_role"
    with pytest.raises(NotSignedIn):
        await signing_in.by_password("li", "wrong", None)
    dump = repr(hub.store.__dict__["_store"].__dict__["_db"])
    assert "right (1)" not in dump
    first = (await hub.store.audit_after(Scope("default"), 0, 1))[0]
    assert first.action == "user.added"
    await hub.stop()
