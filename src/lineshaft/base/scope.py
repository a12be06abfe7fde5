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
    marked public, which is none: it sees nothing. Values of the classes in ``masked_fields`` (``cost``,
    ``salary`` …) are masked in every answer; those in ``own_fields`` are shown on rows of ``home`` only.
    """

    tenant: str
    departments: frozenset[str] | None = None
    roles: frozenset[str] = frozenset()
    masked_fields: frozenset[str] = frozenset()
    own_fields: frozenset[str] = frozenset()
    home: frozenset[str] = frozenset()
    """The caller's own departments."""

    @classmethod
    def of_engine(cls, tenant: str = "default") -> Scope:
        """Return the engine's own scope: everything of one tenant."""
        return cls(tenant=tenant, roles=frozenset({"engine"}))

    def sees(self, department: str | None) -> bool:
        """Tell whether a row of ``department`` is within this scope."""
        return self.departments is None or (department is not None and department in self.departments)

    def masked_in(self, department: str | None) -> frozenset[str]:
        """Return the classes of fields that are masked in a row of ``department``."""
        if department is not None and department in self.home:
            return self.masked_fields
        return self.masked_fields | self.own_fields
