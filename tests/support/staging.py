"""Throw-away databases with staging tables on real servers, and an owner's connection beside the connector's.

The owner's statements run on a thread with an event loop of its own, so that tests may ask in the middle of
things. A missing server is a skip that is shown, and a failure where ``CI`` is true.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiomysql
import asyncpg
import pymysql

from support import mariadb
from support.postgres import missing, server_dsn

T = TypeVar("T")
POSTGRES = "postgresql"
MARIADB = "mariadb"

_POSTGRES = """
CREATE TABLE "PLAN" (kind text);
INSERT INTO "PLAN" VALUES ('ok');
CREATE TABLE "ITEMS" ("ITEM_NO" varchar(40) PRIMARY KEY);
INSERT INTO "ITEMS" VALUES ('M-1');
CREATE TABLE "IN_ORDER" (
  "ORDER_NO" varchar(60) NOT NULL PRIMARY KEY,
  "ITEM_NO" varchar(40) NOT NULL CONSTRAINT item_known REFERENCES "ITEMS",
  "QTY" numeric(18,2) NOT NULL, "PRICE" numeric(30,11) NOT NULL,
  "STATUS" varchar(10) NOT NULL, "HUB_KEY" varchar(200) UNIQUE);
CREATE TABLE "OUT_ORDER" ("SEQ" bigserial PRIMARY KEY, "ORDER_NO" varchar(60), "ITEM_NO" varchar(40),
  "QTY" numeric(18,2), "PRICE" numeric(30,11));
CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF (SELECT kind FROM "PLAN") = 'refuse' THEN RAISE EXCEPTION '超信用额度'; END IF;
  IF (SELECT kind FROM "PLAN") = 'invalid' THEN RAISE EXCEPTION 'too long' USING ERRCODE = '22001'; END IF;
  IF (SELECT kind FROM "PLAN") = 'busy' THEN RAISE EXCEPTION 'locked' USING ERRCODE = '55P03'; END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION publish() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO "OUT_ORDER" ("ORDER_NO", "ITEM_NO", "QTY", "PRICE")
  VALUES (NEW."ORDER_NO", NEW."ITEM_NO", NEW."QTY", NEW."PRICE");
  RETURN NEW;
END $$;
CREATE TRIGGER judged BEFORE INSERT ON "IN_ORDER" FOR EACH ROW EXECUTE FUNCTION judge();
CREATE TRIGGER published AFTER INSERT ON "IN_ORDER" FOR EACH ROW EXECUTE FUNCTION publish();
"""
_MARIADB = [
    "CREATE TABLE PLAN (kind varchar(20)) ENGINE=InnoDB",
    "INSERT INTO PLAN VALUES ('ok')",
    "CREATE TABLE ITEMS (ITEM_NO varchar(40) PRIMARY KEY) ENGINE=InnoDB",
    "INSERT INTO ITEMS VALUES ('M-1')",
    """CREATE TABLE IN_ORDER (ORDER_NO varchar(60) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
       ITEM_NO varchar(40) NOT NULL, QTY decimal(18,2) NOT NULL, PRICE decimal(30,11) NOT NULL,
       STATUS varchar(10) NOT NULL, HUB_KEY varchar(200) COLLATE utf8mb4_bin UNIQUE,
       CONSTRAINT item_known FOREIGN KEY (ITEM_NO) REFERENCES ITEMS (ITEM_NO)) ENGINE=InnoDB""",
    """CREATE TABLE OUT_ORDER (SEQ bigint AUTO_INCREMENT PRIMARY KEY,
       ORDER_NO varchar(60) COLLATE utf8mb4_bin,
       ITEM_NO varchar(40), QTY decimal(18,2), PRICE decimal(30,11)) ENGINE=InnoDB""",
    """CREATE TRIGGER judged BEFORE INSERT ON IN_ORDER FOR EACH ROW BEGIN
       IF (SELECT kind FROM PLAN) = 'refuse' THEN
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '超信用额度'; END IF;
       IF (SELECT kind FROM PLAN) = 'invalid' THEN
         SIGNAL SQLSTATE '22001' SET MYSQL_ERRNO = 1406, MESSAGE_TEXT = 'too long'; END IF;
       IF (SELECT kind FROM PLAN) = 'busy' THEN
         SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'locked'; END IF;
       END""",
    """CREATE TRIGGER published AFTER INSERT ON IN_ORDER FOR EACH ROW
       INSERT INTO OUT_ORDER (ORDER_NO, ITEM_NO, QTY, PRICE)
       VALUES (NEW.ORDER_NO, NEW.ITEM_NO, NEW.QTY, NEW.PRICE)""",
]


class Admin:
    """The owner of one throw-away database."""

    def __init__(self, dialect: str, host: str, port: int, owner: str, owner_password: str) -> None:
        self.dialect = dialect
        self.host, self.port = host, port
        self.owner, self.owner_password = owner, owner_password
        self.database = f"lineshaft_staging_{secrets.token_hex(5)}"
        self.user = f"ls_{secrets.token_hex(5)}"
        self.password = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def statements(self, *statements: str, database: str | None = None) -> list[dict[str, Any]]:
        """Run statements one by one; return the rows of the last."""
        return self.wait(self._statements(statements, database or self.database))

    async def _statements(self, statements: Sequence[str], database: str) -> list[dict[str, Any]]:
        if self.dialect == POSTGRES:
            connection = await asyncpg.connect(
                host=self.host, port=self.port, user=self.owner, database=database, timeout=5
            )
            try:
                for statement in statements[:-1]:
                    await connection.execute(statement)
                if not statements[-1].lstrip().upper().startswith("SELECT"):
                    await connection.execute(statements[-1])
                    return []
                return [dict(row) for row in await connection.fetch(statements[-1])]
            finally:
                await connection.close()
        maria = await aiomysql.connect(
            host=self.host, port=self.port, user=self.owner, password=self.owner_password,
            db=database or None, charset="utf8mb4", autocommit=True, connect_timeout=5,
        )  # fmt: skip
        try:
            async with maria.cursor(aiomysql.DictCursor) as cursor:
                for statement in statements:
                    await cursor.execute(statement)
                return list(await cursor.fetchall())
        finally:
            await maria.ensure_closed()

    def make(self, password: str) -> None:
        """Create the database and the account the connector uses."""
        self.password = password
        try:
            if self.dialect == POSTGRES:
                self.statements(
                    f"CREATE DATABASE {self.database}",
                    f"CREATE ROLE {self.user} LOGIN PASSWORD '{password}'",
                    database="postgres",
                )
            else:
                self.statements(
                    f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4",
                    *(
                        statement
                        for host in ("localhost", "127.0.0.1", "%")
                        for statement in (
                            f"CREATE USER '{self.user}'@'{host}' IDENTIFIED BY '{password}'",
                            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {self.database}.*"
                            f" TO '{self.user}'@'{host}'",
                        )
                    ),
                    database="mysql",
                )
        except (OSError, asyncpg.PostgresError, pymysql.err.MySQLError, TimeoutError) as error:
            missing(f"no {self.dialect} at {self.host}:{self.port}: {error}")

    async def create(self, safety: str) -> None:
        """Make the staging tables."""
        if self.dialect == POSTGRES:
            self.statements(_POSTGRES)
            self.grant()
        else:
            self.statements(*_MARIADB)

    def grant(self) -> None:
        """Let the connector's account into every table there is (PostgreSQL)."""
        if self.dialect == POSTGRES:
            self.statements(
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {self.user}"
            )

    async def plan(self, kind: str) -> None:
        """Let the database itself say no to the next insert, or yes."""
        quoted = '"' if self.dialect == POSTGRES else "`"
        items, plan = f"{quoted}ITEMS{quoted}", f"{quoted}PLAN{quoted}"
        steps = [f"UPDATE {plan} SET kind = '{kind}'"]
        if kind == "unknown_item":
            steps.insert(0, f"DELETE FROM {items}")
        await asyncio.to_thread(self.statements, *steps)

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of IN_ORDER as the suite names them, in the order of writing."""
        quoted = '"' if self.dialect == POSTGRES else "`"

        def name(plain: str) -> str:
            return f"{quoted}{plain}{quoted}"

        found = self.statements(
            f"SELECT i.* FROM {name('IN_ORDER')} i JOIN {name('OUT_ORDER')} o"
            f" ON o.{name('ORDER_NO')} = i.{name('ORDER_NO')} ORDER BY o.{name('SEQ')}"
        )
        return [
            {"number": row["ORDER_NO"], "item": row["ITEM_NO"], "quantity": row["QTY"], "price": row["PRICE"]}
            for row in found
        ]

    async def empty(self) -> None:
        """Forget every order."""
        quoted = '"' if self.dialect == POSTGRES else "`"
        await asyncio.to_thread(
            self.statements, f"DELETE FROM {quoted}IN_ORDER{quoted}", f"DELETE FROM {quoted}OUT_ORDER{quoted}"
        )

    async def drop(self) -> None:
        if self.dialect == POSTGRES:
            self.statements(
                f"DROP DATABASE {self.database} WITH (FORCE)", f"DROP ROLE {self.user}", database="postgres"
            )
        else:
            users = ", ".join(f"'{self.user}'@'{host}'" for host in ("localhost", "127.0.0.1", "%"))
            self.statements(f"DROP DATABASE {self.database}", f"DROP USER {users}", database="mysql")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def admin_of(dialect: str, password: str) -> Admin:
    """Return the owner of a new throw-away database, or skip."""
    if dialect == POSTGRES:
        parts = urlsplit(server_dsn())
        host, user = parts.hostname or "127.0.0.1", parts.username or "postgres"
        admin = Admin(dialect, host, parts.port or 5432, user, parts.password or "")
    else:
        there = mariadb.server()
        admin = Admin(dialect, there.host, there.port, there.user, there.password)
    admin.make(password)
    return admin
