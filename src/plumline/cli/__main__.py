"""``python -m plumline.cli`` is the same as ``plumline``."""

import sys

from plumline.cli.main import main

sys.exit(main())
