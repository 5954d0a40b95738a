r"""Other people's ratings: files of many forms become one tidy table, and what was understood is said first.

    found = understand("votes.csv", Declaration(scale="0:100", split="{image}_{method}.png"))
    print(*found.sentences(), sep="\n")
    found.table  # one rating per line, for `srbench.stats` and `srbench.report`

No file is executed, and nothing is guessed in silence: what a file does not say is declared, or said to be assumed.
"""

from srbench.ratings.declaration import Declaration
from srbench.ratings.reading import FORMS, understand
from srbench.ratings.understood import Understood

__all__ = ["FORMS", "Declaration", "Understood", "understand"]
