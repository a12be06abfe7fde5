"""What guards a hub, wired: people, tokens, sessions, the audit log with its anchors, the vault."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

from lineshaft.app import outside
from lineshaft.app.adopting import put_aside, read_file
from lineshaft.app.config import ADMIN_TOKEN, HubConfig
from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, StoreError
from lineshaft.base.ids import Ids
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text
from lineshaft.security.addresses import Network, networks
from lineshaft.security.audit import Anchor, Audit
from lineshaft.security.directory import Directory
from lineshaft.security.duties import Duties
from lineshaft.security.hook_gate import HookGate
from lineshaft.security.members import User
from lineshaft.security.people import Caller
from lineshaft.security.roles import FIELD_CLASSES
from lineshaft.security.secret_shelf import SecretShelf
from lineshaft.security.sessions import SessionRules, Sessions
from lineshaft.security.signing_in import SigningIn
from lineshaft.security.tokens import TokenBook, Tokens, TokenWish, write_private
from lineshaft.security.vault import Vault, vault_of
from lineshaft.store.port import Store

ANCHORS: Final = "audit.anchors"
"""In the data folder: the ends that the audit log had, one ``number:chain`` a line, oldest first."""
KEEP_S: Final = 600.0
"""How often the end of the log is written down, and sessions that are over are removed."""
FIRST_USER: Final = "admin"


class Guards:
    """Everything that says who may come in, and keeps what they did."""

    def __init__(
        self,
        config: HubConfig,
        environment: Mapping[str, str],
        store: Store,
        clock: Clock,
        ids: Ids,
        *,
        secret: Callable[[str], str],
        token_book: TokenBook | None,
    ) -> None:
        self._config = config
        self._store = store
        rules = config.security
        in_memory = config.store_url.startswith("memory:")

        @cache
        def vault() -> Vault:
            if in_memory:
                # What it seals ends with the process, and so may the key.
                return Vault([secrets.token_bytes(32)])
            return vault_of(environment, config.data_dir)

        self.vault = vault
        self.audit = Audit(store, clock, config.engine.tenant)
        self.anchors = Anchors(None if in_memory else config.data_dir / ANCHORS)
        self.field_classes: Callable[[], Mapping[str, Text]] = lambda: FIELD_CLASSES
        self.duties = Duties(store, clock, ids, self.audit, rules.two_persons)
        grants: Callable[[], bool] = lambda: self.duties.needs_two("roles")  # noqa: E731
        self.directory = Directory(
            store, clock, self.audit, classes=lambda: self.field_classes(), needs_two=grants
        )
        self.tokens = Tokens(store, clock, self.audit, self.directory, needs_two=grants)
        self.token_book: TokenBook = token_book if token_book is not None else self.tokens
        self.sessions = Sessions(
            store,
            clock,
            self.audit,
            self.directory,
            self.tokens,
            rules=SessionRules(
                timedelta(hours=rules.session_hours), timedelta(minutes=rules.session_idle_minutes)
            ),
            with_demo_roles=config.console.demo_roles,
        )
        self.signing_in = SigningIn(
            store,
            clock,
            self.audit,
            self.directory,
            vault,
            ldap=(ldap := outside.directory_of(rules, secret)),
            joining=outside.joining_of(rules),
        )
        self.oidc = outside.provider_of(
            rules, secret, store, clock, audit=self.audit, signing_in=self.signing_in
        )
        self.sign_in_methods = outside.methods_of(rules, ldap, self.oidc)
        self.secrets = SecretShelf(store, clock, self.audit, vault)
        self.hook_gate = HookGate(store, clock, self.audit, _hook_addresses(config))

    # -- first start ---------------------------------------------------------------------------------------

    async def adopt_files(self) -> None:
        """Take over tokens and sessions that an earlier version kept in files."""
        for name, adopt in (("tokens", self.tokens.adopt), ("sessions", self.sessions.adopt)):
            path = self._config.data_dir / f"{name}.json"
            entries = await asyncio.to_thread(read_file, path, name)
            if entries:
                await adopt(entries)
            await asyncio.to_thread(put_aside, path)

    async def ensure_administrator(self) -> str | None:
        """Make the first administrator's token and user where there is nobody yet.

        The token lies in a file of the data folder. Returns the password of the user ``admin`` where this
        call has made that user; it is good for one sign-in and lies nowhere.
        """
        if not await self.tokens.all():
            _, shown = await self.tokens.create(TokenWish("admin", ["administrator"]), None)
            path = self._config.data_dir / ADMIN_TOKEN
            await asyncio.to_thread(write_private, path, f"{shown}\n")
        if self._config.console.demo_roles or not await self.directory.is_empty():
            return None
        try:
            return await self.directory.add_user(
                FIRST_USER, User("Administrator", roles=("administrator",)), self.own_caller(), approved=True
            )
        except Conflict:
            # Another node was faster.
            return None

    def own_caller(self) -> Caller:
        """Return the hub itself, as who changes something."""
        roles = frozenset({"administrator"})
        return Caller("hub", Scope(self._config.engine.tenant, roles=roles), roles, kind="own", id="hub")

    # -- from time to time ---------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Write the end of the audit log down and remove sessions that are over; until it is cancelled."""
        try:
            while True:
                await self.keep_once()
                await asyncio.sleep(KEEP_S)
        finally:
            await self.note_end()

    async def keep_once(self) -> None:
        """See ``keep``; a store that is away is tried again next time."""
        try:
            await self.note_end()
            await self.sessions.sweep()
            await self.signing_in.sweep()
        except StoreError:
            return

    async def note_end(self) -> None:
        """Write down where the audit log ends now."""
        try:
            head = await self._store.audit_head(Scope.of_engine(self._config.engine.tenant))
        except StoreError:
            return
        if head.seq:
            await asyncio.to_thread(self.anchors.add, Anchor(head.seq, head.chain))


class Anchors:
    """The ends that the audit log had, in a file outside the store; ``None``: nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self) -> list[Anchor]:
        """Return them, oldest first; a line that is no anchor counts as one that nothing fits."""
        if self._path is None or not self._path.exists():
            return []
        found = []
        for line in self._path.read_text(encoding="ascii", errors="replace").splitlines():
            try:
                found.append(Anchor.read(line))
            except ValueError:
                found.append(Anchor(1, "?" * 64))
        return found

    def add(self, anchor: Anchor) -> None:
        """Append one, where the log has grown."""
        if self._path is None:
            return
        known = self.read()
        if known and known[-1].seq >= anchor.seq:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{anchor}\n")


def _hook_addresses(config: HubConfig) -> dict[str, tuple[Network, ...]]:
    """Return from where each system's webhooks may come, as the configuration says."""
    found: dict[str, list[str]] = {}
    for each in config.security.hook_addresses:
        system, _, network = each.partition("=")
        found.setdefault(system.strip(), []).append(network)
    return {system: networks(given) for system, given in found.items()}
