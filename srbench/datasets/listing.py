"""The data sets there are, as rows of a table: what `srbench datasets` prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srbench.datasets.manifest import manifests
from srbench.datasets.places import locate


def table(data_root: Path | None = None) -> list[dict[str, Any]]:
    """Return one row for each data set with a readable manifest; `manifest.broken` names the others.

    Args:
        data_root: Folder that already holds data sets; default: `SRBENCH_DATA`.

    Raises:
        DatasetError: The data root is no folder.
    """
    rows: list[dict[str, Any]] = []
    for manifest in manifests():
        where, complete = locate(manifest.name, data_root)
        rows.append(
            {
                "name": manifest.name,
                "title": manifest.title,
                "images": len(manifest.images),
                "lr_scale": manifest.scale,
                "lr_scales": sorted({*manifest.others, *([manifest.scale] if manifest.scale else [])}),
                "where": where,
                "complete": complete,
                "checksums": "in the manifest" if manifest.is_pinned else "taken at the first fetch",
                "licence": manifest.licence,
                "about": manifest.about,
                "citation": manifest.citation,
            }
        )
    return rows
