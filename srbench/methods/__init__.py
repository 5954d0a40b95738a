"""Makes every plugin an ordinary module `srbench.methods.<name>`, wherever its file lies.

The package has no modules of its own: its search path is the shipped folder `methods/` and the folders in
`SRBENCH_METHODS_PATH`, so that type checkers, pickling and worker processes need no special handling.
"""

import os

from srbench import content

__path__ = [
    str(content.folder("methods")),
    *filter(None, os.environ.get("SRBENCH_METHODS_PATH", "").split(os.pathsep)),
]
