"""Every table there is, on the terminal, in notebooks and in reports: means, the paper's values, rendering."""

from srbench.tables.rendering import FORMATS, render
from srbench.tables.scores import COLUMNS, score_table, score_tables
from srbench.tables.table import Mean, Table, TableCell

__all__ = ["COLUMNS", "FORMATS", "Mean", "Table", "TableCell", "render", "score_table", "score_tables"]
