"""Scope 数据权限: what a caller may see. Every read of the store takes one.

There is no unscoped read outside migrations and maintenance; the engine itself reads with
``Scope.of_engine``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """A tenant, and within it the departments and fields a caller may see.

    ``departments`` is ``None`` for all departments; an empty set sees only rows without one that are
    marked public, which is none: it sees nothing. ``masked_fields`` are left out of every answer.
    """

    tenant: str
    departments: frozenset[str] | None = None
    roles: frozenset[str] = frozenset()
    masked_fields: frozenset[str] = frozenset()

    @classmethod
    def of_engine(cls, tenant: str = "default") -> Scope:
        """Return the engine's own scope: everything of one tenant."""
        return cls(tenant=tenant, roles=frozenset({"engine"}))

    def sees(self, department: str | None) -> bool:
        """Tell whether a row of ``department`` is within this scope."""
        return self.departments is None or (department is not None and department in self.departments)
