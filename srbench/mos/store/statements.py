"""Statements of the path that every rating takes: compiled once, and handed to the database's own driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one driver takes it; `places` are the parameters in order, for a driver that knows no names."""

    text: str
    constants: Mapping[str, Any]
    places: tuple[str, ...] | None
    columns: tuple[str, ...]


class Statement:
    """A statement that runs in a connection's transaction without what SQLAlchemy does around each execution.

    That takes several times as long as SQLite needs to find a row. Values go to the driver and come from it as they
    are, so that columns must be numbers and texts; errors are the driver's own.

    Args:
        statement: A select, insert or update whose values are bound by name.
    """

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def rows(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return all rows of a select, by the names of its columns."""
        found = self._found(connection, values)
        return [dict(zip(found.columns, row, strict=True)) for row in self._execute(connection, found, values)]

    def first(self, connection: sa.Connection, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the first row, or None where there is none."""
        return next(iter(self.rows(connection, values)), None)

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> None:
        """Insert a row, or update what the statement finds; `values` that are no parameters are the columns to set."""
        self._execute(connection, self._found(connection, values), values)

    @staticmethod
    def _execute(connection: sa.Connection, found: _Compiled, values: Mapping[str, Any]) -> Any:
        bound = {**found.constants, **values}
        driver: Any = connection.connection.driver_connection
        return driver.execute(found.text, bound if found.places is None else [bound[name] for name in found.places])

    def _found(self, connection: sa.Connection, values: Mapping[str, Any]) -> _Compiled:
        key = (connection.dialect.name, *values)
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = self._compile(connection.dialect, list(values))
        return found

    def _compile(self, dialect: sa.Dialect, names: list[str]) -> _Compiled:
        # The names are the columns that an insert or update sets; a select takes no notice of them.
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=names)
        constants = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        places = None if compiled.positiontup is None else tuple(compiled.positiontup)
        selected = self._statement.selected_columns if isinstance(self._statement, sa.Select) else ()
        return _Compiled(compiled.string, constants, places, tuple(column.name for column in selected))
