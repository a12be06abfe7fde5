"""Signing in with a password and a one-time code; guessing is slowed down, whoever is guessed at.

A try is counted before the password is looked at, so that many at once count too. The answer to a wrong login
and to a wrong password is the same, and takes as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import HubError, InputError, NotAllowed
from lineshaft.base.text import text
from lineshaft.security import members, passwords, totp
from lineshaft.security.audit import Audit
from lineshaft.security.directory import Directory
from lineshaft.security.members import Attempts, User
from lineshaft.security.records import TRIES, Kept, Shelf, changed_meanwhile, written
from lineshaft.security.vault import Vault
from lineshaft.store.port import Store
from lineshaft.store.writes import AddAudit

_FORGOTTEN_AFTER: Final = timedelta(hours=24)
"""Without a try for so long, earlier failures count no more."""


Vaults = Callable[[], Vault]
"""The vault, opened when it is first needed."""


class NotSignedIn(NotAllowed):
    """Login, password or code are wrong."""

    default_code = "sign_in_refused"


class CodeNeeded(NotAllowed):
    """The password is right; the one-time code is missing."""

    default_code = "code_needed"


class TooManyTries(NotAllowed):
    """Nobody may try again yet."""

    default_code = "too_many_tries"


@dataclass(frozen=True, slots=True)
class OutsidePerson:
    """Somebody whom a directory outside vouches for."""

    login: str
    subject: str
    name: str
    email: str = ""
    groups: Sequence[str] = ()
    department: str = ""


class OutsideDirectory(Protocol):
    """A directory outside that knows passwords: LDAP, Active Directory."""

    async def sign_in(self, login: str, password: str) -> OutsidePerson | None:
        """Return who signs in; ``None`` where login or password are wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Joining:
    """What becomes of people whom a source outside vouches for."""

    roles_of_group: Mapping[str, str] = field(default_factory=dict)
    """Group there → role here."""
    default_roles: Sequence[str] = ()
    """For whoever is in none of these groups; none: they stay outside."""

    def roles(self, groups: Sequence[str]) -> tuple[str, ...]:
        """Return somebody's roles by their groups; names are compared without regard to case."""
        table = {group.casefold(): role for group, role in self.roles_of_group.items()}
        found = {table[group.casefold()] for group in groups if group.casefold() in table}
        return tuple(sorted(found)) or tuple(self.default_roles)


class SigningIn:
    """Password, code, directories outside."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audit: Audit,
        directory: Directory,
        vault: Callable[[], Vault],
        *,
        ldap: OutsideDirectory | None = None,
        joining: Joining = Joining(),
    ) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._directory = directory
        self._vault = vault
        self._ldap = ldap
        self._joining = joining
        self._attempts = Shelf(store, audit.tenant, "attempts", Attempts)

    @property
    def has_ldap(self) -> bool:
        """Tell whether a directory outside is asked."""
        return self._ldap is not None

    async def by_password(self, login: str, password: str, code: str | None) -> tuple[str, str]:
        """Return the login and the method of whoever has shown a right password (and code).

        Raises:
            NotSignedIn: Something is wrong; it is not told what.
            CodeNeeded: The one-time code is missing.
            TooManyTries: Too many wrong ones lately.
        """
        try:
            login = members.named(login, "login")
        except InputError:
            raise _refused() from None
        if len(password) > passwords.LENGTH_MAX:
            raise _refused()
        failures = await self._count(login)
        try:
            method = await self._check(login, password, code)
        except CodeNeeded:
            # The password was right: asking for the code is no failure.
            await self._set(login, failures - 1)
            raise
        except NotSignedIn:
            await self._audit.note(
                "session.refused",
                outcome="refused",
                subject_type="user",
                subject=login,
                actor=login,
                detail={"method": "password", "failures": failures},
            )
            raise
        await self._set(login, 0)
        return login, method

    async def _check(self, login: str, password: str, code: str | None) -> str:
        kept = await self._directory.users.get(login)
        user = kept.value if kept is not None else None
        if (user is None or user.source == "ldap") and self._ldap is not None:
            person = await self._ldap.sign_in(login, password)
            if person is None:
                raise _refused()
            kept = await self.joined(person, "ldap")
            await self._check_code(kept, code)
            return "ldap+totp" if kept.value.totp else "ldap"
        local = user is not None and user.active and user.source == "local" and bool(user.password)
        right = await passwords.fits(
            password, user.password if user is not None and local else passwords.nobodys()
        )
        if kept is None or not local or not right:
            raise _refused()
        await self._check_code(kept, code)
        await self._note_sign_in(kept.id)
        return "password+totp" if kept.value.totp else "password"

    async def _note_sign_in(self, login: str) -> None:
        async def change(found: Kept[User]) -> tuple[User, AddAudit | None]:
            return msgspec.structs.replace(found.value, signed_in_at=self._clock.now()), None

        await self._directory.revise(login, change)

    async def joined(self, person: OutsidePerson, source: str) -> Kept[User]:
        """Return the user of somebody whom a source outside vouches for; added or brought up to date.

        Raises:
            NotSignedIn: Another source's user has this login, the user is not active, or no role fits.
        """
        login = members.named(person.login, "login")
        roles = self._joining.roles(person.groups)
        kept = await self._directory.users.get(login)
        if kept is not None and (
            kept.value.source != source or kept.value.subject != person.subject or not kept.value.active
        ):
            raise _refused()
        now = self._clock.now()
        if kept is None and not roles:
            raise NotSignedIn(
                text(
                    "You are known, but nobody has given you a role here yet.",
                    "身份已确认,但尚未分配本系统的角色。",
                ),
                code="no_role",
                hint=text("Ask an administrator.", "请联系管理员。"),
            )
        before = kept.value if kept is not None else User("", source=source, created_at=now)  # type: ignore[arg-type]
        user = msgspec.structs.replace(
            before,
            name=person.name or login,
            email=person.email,
            subject=person.subject,
            roles=roles or before.roles,
            department=person.department or before.department,
            signed_in_at=now,
        )
        detail = members.differences(members.shown(before), members.shown(user))
        action = "user.changed" if kept is not None else "user.added"
        lines = (
            [self._audit.line(action, subject_type="user", subject=login, actor=source, detail=detail)]
            if detail or kept is None
            else []
        )
        put = self._directory.users.put(login, user, kept, now)
        if not await written(self._store, put, *lines):
            raise changed_meanwhile(login)
        self._directory.forget()
        return Kept(login, user, put.row.version, put.row.at)

    # -- one-time codes ----------------------------------------------------------------------------------

    async def _check_code(self, kept: Kept[User], code: str | None) -> None:
        user = kept.value
        if not user.totp:
            return
        if not code:
            raise CodeNeeded(text("Enter the code of your phone.", "请输入手机上的动态验证码。"))
        digest = totp.recovery_digest(code)

        async def change(found: Kept[User]) -> tuple[User, AddAudit | None]:
            if digest in found.value.recovery:
                left = tuple(each for each in found.value.recovery if each != digest)
                line = self._audit.line("user.recovery_code_used", subject_type="user", subject=kept.id)
                return msgspec.structs.replace(found.value, recovery=left), line
            secret = self._vault().open(found.value.totp, _purpose(kept.id))
            step = totp.fitting_step(secret, code, self._clock.now(), found.value.totp_step)
            if step is None:
                raise _refused()
            return msgspec.structs.replace(found.value, totp_step=step), None

        await self._directory.revise(kept.id, change)

    def new_totp(self, login: str) -> tuple[str, str, str]:
        """Return a new secret, its address for the phone, and the secret sealed until it is confirmed."""
        secret = totp.new_secret()
        return secret, totp.address_of(secret, login), self._vault().seal(secret, f"totp offer:{login}")

    async def confirm_totp(self, login: str, offer: str, code: str) -> list[str]:
        """Take a secret whose first code was shown; return the recovery codes, this once."""
        try:
            secret = self._vault().open(offer, f"totp offer:{login}")
        except HubError:
            raise _refused() from None
        step = totp.fitting_step(secret, code, self._clock.now(), 0)
        if step is None:
            raise NotSignedIn(text("The code is wrong.", "验证码不正确。"), code="code_wrong")
        codes = totp.new_recovery_codes()
        sealed = self._vault().seal(secret, _purpose(login))

        async def change(found: Kept[User]) -> tuple[User, AddAudit | None]:
            line = self._audit.line("user.totp_on", subject_type="user", subject=login)
            digests = tuple(map(totp.recovery_digest, codes))
            return msgspec.structs.replace(found.value, totp=sealed, totp_step=step, recovery=digests), line

        await self._directory.revise(login, change)
        return codes

    async def end_totp(self, login: str) -> None:
        """Ask for no code any more."""

        async def change(found: Kept[User]) -> tuple[User, AddAudit | None]:
            line = self._audit.line("user.totp_off", subject_type="user", subject=login)
            return msgspec.structs.replace(found.value, totp="", totp_step=0, recovery=()), line

        await self._directory.revise(login, change)

    async def resealed(self) -> int:
        """Bring the secrets of one-time codes under the newest master key; return how many."""
        done = 0
        for kept in await self._directory.users.all():
            if not kept.value.totp:
                continue
            sealed = self._vault().resealed(kept.value.totp, _purpose(kept.id))
            if sealed is not None:
                user = msgspec.structs.replace(kept.value, totp=sealed)
                put = self._directory.users.put(kept.id, user, kept, self._clock.now())
                done += await written(self._store, put)
        return done

    # -- counting ----------------------------------------------------------------------------------------

    async def _count(self, login: str) -> int:
        """Count a try; return how many failed in a row if this one does too."""
        for _ in range(TRIES):
            now = self._clock.now()
            kept = await self._attempts.get(login)
            known = kept.value if kept is not None else Attempts()
            if kept is not None and kept.due_at is not None and kept.due_at <= now:
                known = Attempts()
            if known.locked_until is not None and known.locked_until > now:
                await self._audit.note(
                    "session.refused",
                    outcome="refused",
                    subject_type="user",
                    subject=login,
                    actor=login,
                    detail={"why": "locked"},
                )
                raise _locked(known.locked_until - now)
            failures = known.failures + 1
            value = Attempts(failures, passwords.locked_until(failures, now))
            put = self._attempts.put(login, value, kept, now, due_at=now + _FORGOTTEN_AFTER)
            if await written(self._store, put):
                return failures
        raise _locked(timedelta(seconds=5))

    async def _set(self, login: str, failures: int) -> None:
        kept = await self._attempts.get(login)
        if kept is not None:
            now = self._clock.now()
            put = self._attempts.put(login, Attempts(failures), kept, now, due_at=now + _FORGOTTEN_AFTER)
            await written(self._store, put)

    async def sweep(self) -> None:
        """Forget failures that count no more."""
        over = await self._attempts.expired(self._clock.now(), 1_000)
        if over:
            await self._audit.write(*(self._attempts.remove(each.id) for each in over))

    async def unlock(self, login: str) -> None:
        """Let somebody try again at once."""
        line = self._audit.line("user.unlocked", subject_type="user", subject=login)
        await self._audit.write(self._attempts.remove(login), line)

    async def locked_until(self, login: str) -> datetime | None:
        """Return until when nobody may sign in under a login."""
        kept = await self._attempts.get(login)
        until = kept.value.locked_until if kept is not None else None
        return until if until is not None and until > self._clock.now() else None


def _purpose(login: str) -> str:
    return f"totp:{login}"


def _refused() -> NotSignedIn:
    return NotSignedIn(
        text("Login, password or code are wrong.", "用户名、密码或验证码不正确。"),
        hint=text("After several wrong tries the next one has to wait.", "多次输错后需要等待一段时间。"),
    )


def _locked(left: timedelta) -> TooManyTries:
    return TooManyTries(
        text(
            "Too many wrong tries; the next one is possible in {seconds} seconds.",
            "输错次数过多,请在 {seconds} 秒后重试。",
            seconds=max(1, round(left.total_seconds())),
        )
    )
