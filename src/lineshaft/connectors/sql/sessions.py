"""A few connections kept open, and how they are made. A connection whose state is in doubt is never kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from lineshaft.connectors.sql import mariadb, oracle, postgres, sqlite, sqlserver
from lineshaft.connectors.sql.driving import Address, Fault, Session
from lineshaft.connectors.sql.model import Dialect

Connect = Callable[[Address], Awaitable[Session]]


async def connect(dialect: Dialect, address: Address) -> Session:
    """Connect to a database of one make.

    Raises:
        Fault: It cannot be reached, or does not accept the credentials.
    """
    if dialect == "sqlite":
        return await sqlite.connect(address)
    if dialect == "postgresql":
        return await postgres.connect(address)
    if dialect == "sqlserver":
        return await sqlserver.connect(address)
    if dialect == "oracle":
        return await oracle.connect(address)
    return await mariadb.connect(address)


class Sessions:
    """The connections of one system."""

    def __init__(self, dialect: Dialect, address: Callable[[], Address], most: int) -> None:
        self._dialect = dialect
        self._address = address
        self._gate = asyncio.Semaphore(most)
        self._idle: list[Session] = []
        self._closed = False

    async def close(self) -> None:
        """Close what is idle; what is in use is closed when it comes back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def transaction(self, *, writes: bool) -> AsyncIterator[Session]:
        """Give a connection inside a transaction; the caller commits.

        An idle connection that has died meanwhile is replaced: nothing was sent on it yet. What is not
        committed is rolled back; where that fails, or the work was cancelled, the connection is dropped.
        """
        async with self._gate:
            session = await self._begun(writes=writes)
            try:
                yield session
            except Fault as fault:
                if fault.kind == "lost":
                    session.abandon()
                else:
                    await self._give_back(session)
                raise
            except Exception:
                await self._give_back(session)
                raise
            except BaseException:
                session.abandon()
                raise
            else:
                await self._keep(session)

    async def _begun(self, *, writes: bool) -> Session:
        while self._idle:
            session = self._idle.pop()
            try:
                await session.begin(writes=writes)
            except Fault as fault:
                session.abandon()
                if fault.kind != "lost":
                    raise
            except BaseException:
                session.abandon()
                raise
            else:
                return session
        session = await connect(self._dialect, self._address())
        try:
            await session.begin(writes=writes)
        except BaseException:
            session.abandon()
            raise
        return session

    async def _give_back(self, session: Session) -> None:
        try:
            await session.rollback()
        except BaseException as error:
            session.abandon()
            if not isinstance(error, Fault):
                raise
        else:
            await self._keep(session)

    async def _keep(self, session: Session) -> None:
        if self._closed:
            await session.close()
        else:
            self._idle.append(session)
