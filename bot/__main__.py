"""`python -m bot` is `vedette`."""

import sys

from bot.cli import main

sys.exit(main())
