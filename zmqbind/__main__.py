"""``python -m zmqbind``."""

import sys

from zmqbind.cli import main

sys.exit(main())
