"""``python -m plumline.cli`` is the same as ``plumline``."""

import sys

from plumline.cli.app import main

sys.exit(main())
