"""``python -m local_cloud.demo``: a complete run on the embedded cloud."""

import sys

from local_cloud.demo.complete_run import main

sys.exit(main())
