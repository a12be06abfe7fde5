"""The PostgreSQL make of the store: any number of equal workers on one server."""

from lineshaft.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
