"""The directory of people: read with a short memory, changed with an audit line in the same transaction.

Several nodes share the store. What one node changes the others see within ``FRESH_S``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, InputError, NotAllowed, NotFound
from lineshaft.base.text import Text, text
from lineshaft.security import members, passwords
from lineshaft.security.audit import Audit
from lineshaft.security.duties import second_person_needed
from lineshaft.security.members import Department, Position, User
from lineshaft.security.people import Caller
from lineshaft.security.records import TRIES, Kept, Shelf, changed_meanwhile, written
from lineshaft.security.roles import FIELD_CLASSES, SHIPPED, Role, actions_of, allows_more, named, scope_of
from lineshaft.store.port import Page, Store
from lineshaft.store.writes import AddAudit

T = TypeVar("T")

FRESH_S: Final = 1.0
"""How long what was read may be used again."""
_REMEMBERED_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Book:
    """All that says what somebody's position or department means."""

    read_at: float
    roles: Mapping[str, Role]
    positions: Mapping[str, Position]
    departments: Mapping[str, Department]
    below: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Directory:
    """Users, departments, positions and roles of one tenant."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audit: Audit,
        *,
        classes: Callable[[], Mapping[str, Text]] = lambda: FIELD_CLASSES,
        needs_two: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make it; ``needs_two`` tells whether one person's grant waits for another's approval."""
        self._needs_two = needs_two
        self._store = store
        self._clock = clock
        self._audit = audit
        self._classes = classes
        self.tenant = audit.tenant
        self.users = Shelf(store, self.tenant, "user", User)
        self.departments = Shelf(store, self.tenant, "department", Department)
        self.positions = Shelf(store, self.tenant, "position", Position)
        self.roles = Shelf(store, self.tenant, "role", Role)
        self._book: Book | None = None
        self._callers: dict[str, tuple[float, Caller | None]] = {}

    # -- reading -----------------------------------------------------------------------------------------

    async def book(self) -> Book:
        """Return roles, positions and departments, at most ``FRESH_S`` old."""
        now = self._clock.monotonic()
        if self._book is None or now - self._book.read_at > FRESH_S:
            roles = {each.id: each.value for each in await self.roles.all()}
            positions = {each.id: each.value for each in await self.positions.all()}
            departments = {each.id: each.value for each in await self.departments.all()}
            below = members.below(departments)
            self._book = Book(now, {**roles, **SHIPPED}, positions, departments, below)
        return self._book

    async def user(self, login: str) -> Kept[User]:
        """Return a person; raises ``NotFound``."""
        found = await self.users.get(members.named(login, "login"))
        if found is None:
            raise NotFound(text("There is no user {login}.", "没有用户 {login}。", login=login))
        return found

    async def seen(self, login: str, by: Caller) -> Kept[User]:
        """Return a person whom ``by`` may see; raises ``NotFound``."""
        kept = await self.user(login)
        if not _manages(by, kept.value):
            raise NotFound(text("There is no user {login}.", "没有用户 {login}。", login=login))
        return kept

    async def managed(self, login: str, by: Caller) -> Kept[User]:
        """Return a person whose way in ``by`` may change: nobody stands in for whoever has more rights."""
        kept = await self.seen(login, by)
        book = await self.book()
        self._check_grant(by, book, frozenset(), members.roles_of(kept.value, book.positions))
        return kept

    def field_classes(self) -> dict[str, Text]:
        """Return all classes of sensitive fields with their words."""
        return dict(self._classes())

    async def page(self, by: Caller, cursor: str | None, limit: int) -> Page[Kept[User]]:
        """Return the people of the departments that ``by`` may see."""
        page = await self.users.page(cursor=cursor, limit=limit)
        return Page([each for each in page.items if _manages(by, each.value)], page.next)

    async def caller_of(self, login: str) -> Caller | None:
        """Return who a person is to the hub; ``None`` where there is no such person (any more)."""
        now = self._clock.monotonic()
        found = self._callers.get(login)
        if found is None or now - found[0] > FRESH_S:
            kept = await self.users.get(login)
            caller = await self._caller(login, kept.value) if kept is not None else None
            if len(self._callers) > _REMEMBERED_MAX:
                self._callers.clear()
            found = self._callers[login] = (now, caller)
        return found[1]

    async def _caller(self, login: str, user: User) -> Caller | None:
        if not user.active:
            return None
        book = await self.book()
        roles = frozenset(named(role) for role in members.roles_of(user, book.positions))
        home = [user.department] if user.department else []
        scope = scope_of(
            self.tenant, roles, known=book.roles, home=home, below=book.below, classes=self._classes()
        )
        actions = actions_of(roles, book.roles)
        must = "password" if user.must_change else ""
        return Caller(user.name or login, scope, roles, actions, "user", login, must)  # type: ignore[arg-type]

    async def caller_with(
        self,
        name: str,
        roles: Collection[str],
        *,
        departments: Collection[str] | None = None,
        only: Collection[str] | None = None,
        token_id: str = "",
    ) -> Caller:
        """Return who a program with these roles is; ``only`` narrows its actions."""
        book = await self.book()
        scope = scope_of(
            self.tenant,
            roles,
            known=book.roles,
            home=departments or (),
            below=book.below,
            classes=self._classes(),
            departments=departments,
        )
        actions = actions_of(roles, book.roles)
        if only is not None:
            actions &= frozenset(only)
        return Caller(name, scope, scope.roles, actions, "token", token_id)

    async def is_empty(self) -> bool:
        """Tell whether there is nobody yet."""
        return not (await self.users.page(limit=1)).items

    # -- changing people ---------------------------------------------------------------------------------

    async def add_user(
        self, login: str, user: User, by: Caller, password: str | None = None, *, approved: bool = False
    ) -> str | None:
        """Add a person; return the password to be used once where none was given.

        A person whose source is a directory outside has none.

        Raises:
            SecondPersonNeeded: They would have roles, and nobody has ``approved``.
        """
        login = members.named(login, "login")
        await self._check(user, by)
        book = await self.book()
        held = members.roles_of(user, book.positions)
        self._check_grant(by, book, frozenset(), held)
        self._check_second(bool(held), approved)
        once = None
        if user.source == "local":
            if password is None:
                password = once = passwords.first_password()
            else:
                passwords.check(password, login)
            user = msgspec.structs.replace(user, password=await passwords.hashed(password), must_change=True)
        now = self._clock.now()
        user = msgspec.structs.replace(user, created_at=now)
        line = self._audit.line("user.added", subject_type="user", subject=login, detail=members.shown(user))
        if not await written(self._store, self.users.put(login, user, None, now), line):
            raise Conflict(text("There is a user {login} already.", "用户 {login} 已存在。", login=login))
        self.forget()
        return once

    async def change_user(
        self, login: str, changes: Mapping[str, Any], by: Caller, *, approved: bool = False
    ) -> Kept[User]:
        """Change what is known of a person: name, department, positions, roles, email, active.

        Raises:
            SecondPersonNeeded: They would have more roles, and nobody has ``approved``.
        """
        book = await self.book()

        async def change(kept: Kept[User]) -> tuple[User, AddAudit | None]:
            if not _manages(by, kept.value):
                raise NotFound(text("There is no user {login}.", "没有用户 {login}。", login=login))
            user = msgspec.structs.replace(kept.value, **changes)
            await self._check(user, by)
            former = members.roles_of(kept.value, book.positions) if kept.value.active else frozenset()
            held = members.roles_of(user, book.positions)
            self._check_grant(by, book, former, held)
            self._check_second(user.active and not held <= former, approved)
            await self._keep_an_administrator(login, kept.value, user, book)
            detail = members.differences(members.shown(kept.value), members.shown(user))
            line = self._audit.line("user.changed", subject_type="user", subject=kept.id, detail=detail)
            return user, line if detail else None

        return await self.revise(login, change)

    async def revise(
        self,
        login: str,
        change: Callable[[Kept[User]], Awaitable[tuple[User, AddAudit | None]]],
    ) -> Kept[User]:
        """Change a person by a function of what stands there, again where somebody was faster."""
        for _ in range(TRIES):
            kept = await self.user(login)
            user, line = await change(kept)
            put = self.users.put(kept.id, user, kept, self._clock.now())
            if await written(self._store, put, *([line] if line is not None else [])):
                self.forget()
                return Kept(kept.id, user, put.row.version, kept.at)
        raise changed_meanwhile(login)

    async def set_password(self, login: str, password: str | None, by: Caller) -> str | None:
        """Give a person another password, for their first sign-in; return it where the hub chose it."""
        once = None
        if password is None:
            password = once = passwords.first_password()
        else:
            passwords.check(password, login)
        kept = await passwords.hashed(password)

        async def change(found: Kept[User]) -> tuple[User, AddAudit | None]:
            if not _manages(by, found.value) or found.value.source != "local":
                raise NotFound(text("There is no such local user.", "没有此本地用户。"))
            book = await self.book()
            self._check_grant(by, book, frozenset(), members.roles_of(found.value, book.positions))
            line = self._audit.line("user.password_reset", subject_type="user", subject=found.id)
            return msgspec.structs.replace(found.value, password=kept, must_change=True), line

        await self.revise(login, change)
        return once

    async def choose_password(self, login: str, password: str) -> None:
        """Take the password that a person has chosen."""
        passwords.check(password, login)
        kept = await passwords.hashed(password)

        async def change(found: Kept[User]) -> tuple[User, AddAudit | None]:
            line = self._audit.line("user.password_chosen", subject_type="user", subject=found.id)
            return msgspec.structs.replace(found.value, password=kept, must_change=False), line

        await self.revise(login, change)

    async def choose_channel(self, login: str, channel: str, name: str) -> None:
        """Take how a person wants to be told: a system and their name there, or by mail (both empty)."""
        changes = members.channel_of(channel, name)

        async def change(found: Kept[User]) -> tuple[User, AddAudit | None]:
            user = msgspec.structs.replace(found.value, **changes)
            detail = members.differences(members.shown(found.value), members.shown(user))
            line = self._audit.line("user.changed", subject_type="user", subject=found.id, detail=detail)
            return user, line if detail else None

        await self.revise(login, change)

    # -- changing what positions, departments and roles are ----------------------------------------------

    async def put_department(self, name: str, department: Department, by: Caller) -> None:
        """Add or change a department."""
        name = members.named(name, "id")
        _check_department(by, name, department.parent)
        found = {each.id: each.value for each in await self.departments.all()} | {name: department}
        if department.parent and department.parent not in found:
            raise InputError(
                text("There is no department {name}.", "没有部门 {name}。", name=department.parent),
                code="department_unknown",
            )
        if department.parent in members.below(found)[name]:
            raise InputError(
                text("A department cannot stand below itself.", "部门不能位于自身之下。"),
                code="department_loop",
            )
        await self._put(self.departments, name, department)

    async def put_position(
        self, name: str, position: Position, by: Caller, *, approved: bool = False
    ) -> None:
        """Add or change a position; its roles are granted to whoever holds it.

        Raises:
            SecondPersonNeeded: There is one, it would have more roles, and nobody has ``approved``.
        """
        name = members.named(name, "id")
        book = await self.book()
        self._check_roles(position.roles, book)
        former = book.positions.get(name, Position("", "")).roles
        self._check_grant(by, book, frozenset(former), frozenset(position.roles))
        # Nobody holds a new one: what it gives is granted with it.
        self._check_second(name in book.positions and not set(position.roles) <= set(former), approved)
        await self._put(self.positions, name, position)

    async def put_role(self, name: str, role: Role, by: Caller, *, approved: bool = False) -> None:
        """Add or change a role of the firm's own; nobody gives more than they have.

        Raises:
            SecondPersonNeeded: There is one, it would allow more, and nobody has ``approved``.
        """
        name = members.named(name, "id")
        if named(name) in SHIPPED:
            raise NotAllowed(
                text("Shipped roles stay as they are; make another.", "内置角色不可修改,请新建角色。"),
                code="role_shipped",
            )
        book = await self.book()
        role = msgspec.structs.replace(role, id=name, shipped=False)
        self._check_grant(by, Book(0, {**book.roles, name: role}, {}, {}), frozenset(), frozenset({name}))
        before = book.roles.get(name)
        self._check_second(before is not None and allows_more(role, before), approved)
        await self._put(self.roles, name, role)

    async def remove(self, shelf: Shelf[Any], name: str, by: Caller) -> None:
        """Remove a department, a position or a role that nobody has."""
        if shelf is self.departments:
            _check_department(by, name, "")
        book = await self.book()
        if shelf is self.roles and named(name) in SHIPPED:
            raise NotAllowed(
                text("Shipped roles stay as they are.", "内置角色不可删除。"), code="role_shipped"
            )
        users = [each.value for each in await self.users.all()]
        used = {
            "department": any(name == each.department for each in users)
            or any(name == each.parent for each in book.departments.values()),
            "position": any(name in each.positions for each in users),
            "role": any(name in each.roles for each in users)
            or any(name in each.roles for each in book.positions.values()),
        }
        if used[shelf.kind]:
            raise Conflict(text("{name} is still in use.", "{name} 仍在使用中。", name=name))
        if await shelf.get(name) is None:
            raise NotFound(text("There is no {name}.", "没有 {name}。", name=name))
        line = self._audit.line(f"{shelf.kind}.removed", subject_type=shelf.kind, subject=name)
        await self._audit.write(shelf.remove(name), line)
        self.forget()

    async def _put(self, shelf: Shelf[T], name: str, value: T) -> None:
        for _ in range(TRIES):
            kept = await shelf.get(name)
            before = msgspec.to_builtins(kept.value) if kept is not None else {}
            detail = members.differences(before, msgspec.to_builtins(value))
            action = f"{shelf.kind}.{'changed' if kept is not None else 'added'}"
            line = self._audit.line(action, subject_type=shelf.kind, subject=name, detail=detail)
            put = shelf.put(name, value, kept, self._clock.now())
            if await written(self._store, put, line):
                self.forget()
                return
        raise changed_meanwhile(name)

    # -- rules -------------------------------------------------------------------------------------------

    async def _check(self, user: User, by: Caller) -> None:
        book = await self.book()
        self._check_roles(user.roles, book)
        unknown = sorted(set(user.positions) - set(book.positions))
        if unknown:
            raise InputError(
                text("There is no position {name}.", "没有岗位 {name}。", name=", ".join(unknown)),
                code="position_unknown",
            )
        if user.department and user.department not in book.departments:
            raise InputError(
                text("There is no department {name}.", "没有部门 {name}。", name=user.department),
                code="department_unknown",
                hint=text("Add it first.", "请先添加该部门。"),
            )
        if not _manages(by, user):
            raise NotAllowed(
                text("This department is not yours.", "该部门不在您的管理范围内。"), code="other_department"
            )

    @staticmethod
    def _check_roles(roles: Collection[str], book: Book) -> None:
        unknown = sorted(role for role in roles if named(role) not in book.roles)
        if unknown:
            raise InputError(
                text(
                    "Expected roles among {known}, but got {roles}.",
                    "角色应为 {known} 之一,实际为 {roles}。",
                    known=", ".join(sorted(book.roles)),
                    roles=", ".join(unknown),
                ),
                code="role_unknown",
            )

    @staticmethod
    def _check_grant(by: Caller, book: Book, former: Collection[str], wished: Collection[str]) -> None:
        """Nobody grants, takes away or stands in for what they have not got themselves."""
        touched = {named(role) for role in former} ^ {named(role) for role in wished}
        if not touched:
            return
        by.require("roles.manage")
        missing = sorted(actions_of(touched, book.roles) - by.rights)
        shown = {
            name
            for role in touched & set(book.roles)
            for name in book.roles[role].fields
            if name in by.scope.masked_fields
        }
        if missing or shown:
            raise NotAllowed(
                text(
                    "Nobody grants more than they have; missing: {missing}.",
                    "不能授予超出自身的权限,缺少:{missing}。",
                    missing=", ".join([*missing, *sorted(shown)]),
                ),
                code="grant_beyond_own",
            )

    def _check_second(self, grants: bool, approved: bool) -> None:
        if grants and not approved and self._needs_two():
            raise second_person_needed()

    async def _keep_an_administrator(self, login: str, before: User, after: User, book: Book) -> None:
        def is_one(user: User) -> bool:
            held = actions_of(members.roles_of(user, book.positions), book.roles)
            return user.active and "roles.manage" in held and "people.manage" in held

        if not is_one(before) or is_one(after):
            return
        others = [each for each in await self.users.all() if each.id != login and is_one(each.value)]
        if not others:
            raise Conflict(
                text("The last administrator must stay.", "必须至少保留一名管理员。"),
                code="last_administrator",
            )

    def forget(self) -> None:
        """Read everything anew at the next question."""
        self._book = None
        self._callers.clear()

    def now(self) -> datetime:
        """Return the time."""
        return self._clock.now()


def _manages(by: Caller, user: User) -> bool:
    return by.scope.departments is None or user.department in by.scope.departments


def _check_department(by: Caller, name: str, parent: str) -> None:
    """Whoever manages some departments changes the tree below these only."""
    own = by.scope.departments
    if own is not None and not (name in own or parent in own):
        raise NotAllowed(
            text("This department is not yours.", "该部门不在您的管理范围内。"), code="other_department"
        )
