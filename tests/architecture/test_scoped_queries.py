"""Every query of the SQL makes asks each table for one tenant, and for the departments where it is told to.

The texts are compiled from all the variants a query can be built in; nothing is run.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from lineshaft.store import (
    activity_queries,
    crossref_queries,
    few_queries,
    flow_queries,
    queries,
    record_queries,
    schema,
    turn_queries,
)
from tools import scoped_reads

Select = sa.sql.expression.SelectBase
MODULES = (
    queries, record_queries, activity_queries, few_queries, crossref_queries, flow_queries, turn_queries,
)  # fmt: skip
TAKES = dict(itertools.chain.from_iterable(module.ALL_READS for module in MODULES))
BUILDERS: dict[str, Callable[..., Select]] = {
    name: found
    for module in MODULES
    for name, found in vars(module).items()
    if inspect.isfunction(found)
    and not name.startswith("_")
    and next(iter(inspect.signature(found).parameters), "") == "q"
}
TABLES = next(found for found in vars(schema).values() if isinstance(found, sa.MetaData)).tables.values()


def variants(build: Callable[..., Select], **fixed: bool) -> Iterator[Select]:
    parameters = list(inspect.signature(build).parameters.values())[1:]
    flags = [each.name for each in parameters if each.kind is not each.VAR_POSITIONAL]
    if len(flags) < len(parameters):
        flags += [f"{parameters[-1].name} {number}" for number in range(len(flags), TAKES[build])]
    for dialect in ("sqlite", "postgresql"):
        choices = [[fixed[flag]] if flag in fixed else [False, True] for flag in flags]
        for values in itertools.product(*choices):
            yield build(queries.Queries(dialect), *values)


def asked_tables(select: Select, sql: str) -> dict[str, sa.FromClause]:
    """Return the tables a query reads, by the name under which it reads them; ``sql`` is its text."""
    found = [
        found for found in visitors.iterate(select) if isinstance(found, sa.Table | sa.sql.expression.Alias)
    ]
    # The table behind an alias is met too; it counts where the text names it without one.
    return {
        table.name: table
        for table in found
        if re.search(rf"\b(AS|FROM|JOIN|,) {table.name}\b(?!\.| AS)", sql)
    }


def unscoped(select: Select, column: str) -> list[str]:
    sql = str(select)
    tables = asked_tables(select, sql)
    assert tables, sql
    return [
        name
        for name, table in tables.items()
        if column in table.c and not re.search(rf"\b{name}\.{column} (=|IN)|= {name}\.{column}\b", sql)
    ]


@pytest.mark.parametrize("name", BUILDERS)
def test_query_asks_every_table_for_its_tenant(name: str) -> None:
    for select in variants(BUILDERS[name]):
        assert unscoped(select, "tenant") == [], str(select)


@pytest.mark.parametrize(
    "name", [name for name, build in BUILDERS.items() if "restricted" in inspect.signature(build).parameters]
)
def test_restricted_query_asks_for_departments(name: str) -> None:
    for select in variants(BUILDERS[name], restricted=True):
        assert ".department" in str(select), str(select)


def test_query_without_a_tenant_is_found() -> None:
    assert unscoped(sa.select(schema.effect), "tenant") == ["effect"]
    older = schema.effect.alias("older")
    select = sa.select(schema.effect).where(
        schema.effect.c.tenant == "a", sa.exists().where(older.c.id < schema.effect.c.id)
    )
    assert unscoped(select, "tenant") == ["older"]


def test_tables_without_a_tenant_are_on_the_closed_list() -> None:
    without = {table.name for table in TABLES if "tenant" not in table.c}
    assert without <= scoped_reads.TABLES_WITHOUT_TENANT
    with_tenant = {table.name for table in TABLES} - without
    assert not with_tenant & scoped_reads.TABLES_WITHOUT_TENANT


def test_tenant_is_part_of_every_key() -> None:
    for table in TABLES:
        if "tenant" in table.c:
            assert "tenant" in table.primary_key.columns, table.name
