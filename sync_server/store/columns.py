"""What every table is made of: the one MetaData, and columns in the types that both databases share."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from sync_server.store.engine import UtcDateTime

metadata = MetaData()
Id = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY is SQLite's row id


def table(name: str, *columns: Any, **options: Any) -> Table:
    return Table(name, metadata, *columns, **options)


def text(name: str, *args: Any, **kwargs: Any) -> Column[str]:
    return Column(name, Text, *args, nullable=kwargs.pop("nullable", False), **kwargs)


def moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=nullable)
