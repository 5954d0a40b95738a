"""How figures look, and how they become the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

INK, SOFT, FAINT = "#1f2933", "#6b7683", "#d5dae0"
RED = "#d1242f"
ACCENT = "#0b5fa5"
# Okabe and Ito's colours, which people with any colour vision tell apart; markers repeat the distinction.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
DENSITY = LinearSegmentedColormap.from_list("density", ["#f7f9fb", "#cfe1ee", "#7fb2d6", "#2b7bb9", "#0a3d66"])
DIVERGING = "PuOr_r"
FORMATS = ("svg", "pdf", "png")

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "srbench",
    "pdf.fonttype": 3,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the settings of all figures for the duration of the block, whatever the user's own are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.use("Agg")
        mpl.rcParams.update(_SETTINGS)
        yield


def save(figure: Figure, form: str, dpi: int = 160) -> bytes:
    """Return a figure as bytes without a date or a version in them."""
    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
        "png": {"Software": None},
    }
    if figure.get_layout_engine() is not None:
        # The layout is the same for every format, and costs more than drawing: once is enough.
        figure.draw_without_rendering()
        figure.set_layout_engine(None)
        for axes in figure.axes:
            # The solver's last digits depend on addresses in memory; the bytes of a figure must not.
            axes.set_position(tuple(round(value, 5) for value in axes.get_position(original=True).bounds))
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=dpi, metadata=metadata[form])
    return buffer.getvalue()


def new(width: float, height: float) -> Figure:
    """Return an empty figure of that size in inches, with room made for labels when it is drawn."""
    return Figure(figsize=(width, height), layout="constrained")


def grid(width: float, height: float, rows: int, columns: int, **options: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure with `rows` x `columns` axes, listed row by row."""
    figure = new(width, height)
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, [axis for row in axes for axis in row]


def looks(methods: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return colour and marker of every method."""
    return {name: (COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]) for k, name in enumerate(methods)}


def legend(figure: Figure, handles: Sequence[Line2D], columns: int = 6) -> None:
    """Put a legend below the axes, in rows of about equal length."""
    rows = -(-len(handles) // columns)
    figure.legend(handles=handles, loc="outside lower center", ncols=-(-len(handles) // rows), handletextpad=0.2)


def slanted(axes: Axes, labels: Sequence[str]) -> None:
    """Label the places 0, 1, ... of the x axis with slanted text."""
    axes.set_xticks(range(len(labels)), labels, rotation=38, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)


def frame(axes: Axes, x: float, y: float, width: float, height: float, colour: str = INK) -> None:
    """Draw an unfilled rectangle in data coordinates."""
    axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=1.0))
