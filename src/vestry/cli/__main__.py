"""`python -m vestry.cli`, which `bin/vestry` runs."""

import sys

from vestry.cli import main

sys.exit(main())
