"""What one rater of the paper's study receives over the network, from the pictures of a run.

    srbench run --datasets set5,set14,bsd100 --out runs/full
    python benchmarks/mos_bytes.py runs/full

Every trial costs the size class of its image, which its largest version decides, and one answer of the server. A run
need not have all of the paper's versions: those that it lacks are padded to the same class, as long as none of them is
larger than every version that is there (the original and SRGAN's compress worst). Beside it stand the same pictures
as PNG files padded to the largest version of their image, and to the largest of all. The exit status is 1 above the
budget.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from srbench import images, paper
from srbench.mos.site import packing
from srbench.mos.store.definitions import Stimulus

BUDGET = 300_000_000
SEAL = 16  # bytes that encryption adds
ANSWER = 2048
ORIGINALS = {"set5": 5, "set14": 14, "bsd100": 100}


def stimuli(run: Path, folder: Path) -> list[Stimulus]:
    """Return the pictures of a run as stimuli, with a link in `folder` to each of them."""
    found = []
    for dataset in paper.SETS:
        for path in sorted((run / "images").glob(f"*/{dataset}/*.png")):
            key = f"{len(found):032x}"
            (folder / f"{key}.png").symlink_to(path.resolve())
            height, width = images.read(path).shape[:2]
            method = path.parent.parent.name
            sha256 = images.file_sha256(path)
            found.append(Stimulus(key, "rating", dataset, path.stem, method, 0, sha256, width, height))
    return found


def main() -> None:
    """Pack the pictures and print the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shown = stimuli(run, folder)
        counts = Counter(each.dataset for each in shown if each.method == "hr")
        if dict(counts) != ORIGINALS:
            sys.exit(f"Expected the originals of {ORIGINALS} in {run}, got {dict(counts)}. Run the three data sets.")
        packing.pack(shown, folder, folder / "packed")
        packed = {(s.dataset, s.image): (folder / "packed" / s.id).stat().st_size for s in shown}
        png: dict[tuple[str, str], int] = {}
        for s in shown:
            key = (s.dataset, s.image)
            png[key] = max(png.get(key, 0), (folder / f"{s.id}.png").stat().st_size)
    trials = {key: len(paper.versions(key[0])) for key in packed}
    total = sum(trials[key] * (size + SEAL + ANSWER) for key, size in packed.items())
    classes = Counter(packed.values())
    methods = ", ".join(sorted({s.method for s in shown}))
    print(f"{sum(trials.values())} trials of {len(packed)} images; versions in the run: {methods}")
    print(f"size classes: {', '.join(f'{size / 1000:.0f} kB ({classes[size]})' for size in sorted(classes))}")
    print(f"one rater receives {total / 1e6:.0f} MB, the budget is {BUDGET / 1e6:.0f} MB")
    print(f"as PNG padded to the image's largest version {sum(trials[k] * png[k] for k in png) / 1e6:.0f} MB")
    print(f"as PNG padded to the largest of all {sum(trials.values()) * max(png.values()) / 1e6:.0f} MB")
    sys.exit(total > BUDGET)


if __name__ == "__main__":
    main()
