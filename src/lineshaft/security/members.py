"""The people of the firm as the hub knows them: users, departments, positions, roles. Values only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

NAME: Final = re.compile(r"[a-z0-9\u4e00-\u9fff][a-z0-9._@\u4e00-\u9fff-]{0,63}")
"""Logins and the ids of departments, positions and roles; in small letters."""


_CHANNEL_NAME_MAX: Final = 128


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person 用户; the record's id is the login."""

    name: str
    department: str = ""
    positions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """Beside those of the positions."""
    email: str = ""
    channel: str = ""
    """How they want to be told: a system that tells single people; empty: by mail."""
    channel_name: str = ""
    """Who they are there: a telephone number, an id."""
    active: bool = True
    source: Literal["local", "ldap", "oidc"] = "local"
    """Who says that the person is who they are."""
    subject: str = ""
    """The person's own id at that source."""
    password: str = ""
    """Argon2id, as a PHC string; empty: the person cannot sign in by password."""
    must_change: bool = False
    """The password was set by somebody else."""
    totp: str = ""
    """The sealed secret of the one-time codes; empty: none."""
    totp_step: int = 0
    """The last time step whose code was used; no code is taken twice."""
    recovery: tuple[str, ...] = ()
    """Digests of the codes for a lost phone, each good once."""
    created_at: datetime | None = None
    signed_in_at: datetime | None = None


class Department(msgspec.Struct, frozen=True, omit_defaults=True):
    """A department 部门; the record's id is the value that rows carry."""

    zh: str
    en: str
    parent: str = ""


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """A position 岗位: whoever holds it has its roles."""

    zh: str
    en: str
    roles: tuple[str, ...] = ()


class Attempts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Wrong sign-ins in a row under one login, whether there is such a person or not."""

    failures: int = 0
    locked_until: datetime | None = None


def named(value: str, what: str) -> str:
    """Return a login or an id in small letters; raises ``InputError``."""
    plain = value.strip().casefold()
    if not NAME.fullmatch(plain):
        raise InputError(
            text(
                "Expected {what} of letters, digits and . _ @ - (at most 64), but got {value}.",
                "{what} 只能包含字母、数字、汉字和 . _ @ -(最多 64 个字符),实际为 {value}。",
                what=what,
                value=ascii(value[:80]),
            ),
            code="name_invalid",
        )
    return plain


def below(departments: Mapping[str, Department]) -> dict[str, frozenset[str]]:
    """Return each department with all below it, itself included; a loop ends where it began."""
    children: dict[str, list[str]] = {}
    for name, department in departments.items():
        children.setdefault(department.parent, []).append(name)

    def walk(name: str) -> frozenset[str]:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting += children.get(each, [])
        return frozenset(seen)

    return {name: walk(name) for name in departments}


def roles_of(user: User, positions: Mapping[str, Position]) -> frozenset[str]:
    """Return a person's roles: their own and those of their positions."""
    held = [positions[name] for name in user.positions if name in positions]
    return frozenset([*user.roles, *(role for each in held for role in each.roles)])


def shown(user: User) -> dict[str, object]:
    """Return what the audit log may say of a user: no digests, no secrets."""
    return {
        "name": user.name,
        "department": user.department,
        "positions": list(user.positions),
        "roles": list(user.roles),
        "email": user.email,
        "channel": user.channel,
        "channel_name": user.channel_name,
        "active": user.active,
        "source": user.source,
        "must_change": user.must_change,
        "totp": bool(user.totp),
    }


def channel_of(channel: str, name: str) -> dict[str, str]:
    """Return how somebody wants to be told, as fields of ``User``; raises ``InputError``."""
    channel, name = channel.strip(), name.strip()
    if bool(channel) != bool(name) or len(name) > _CHANNEL_NAME_MAX or not name.isprintable():
        raise InputError(
            text(
                "Expected a channel and the person's name there (a telephone number, an id), or neither.",
                "请同时填写通知渠道和本人在该渠道的标识(手机号、用户编号),或都不填。",
            ),
            code="channel_incomplete",
        )
    return {"channel": channel, "channel_name": name}


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """Return what has changed, as the audit log keeps it."""
    names: Iterable[str] = sorted({*before, *after})
    return {
        name: {"from": before.get(name), "to": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    }
