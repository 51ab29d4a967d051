"""A bench that is told to end leaves nothing behind, its measured processes included."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from tools.iam.template import ROOT

_BENCH = """
import sys
from pathlib import Path
from tools.bench.measure import exit_on_sigterm, measure
exit_on_sigterm()
measure(["sh", "-c", "sleep 600 & echo started; wait"], {}, Path(sys.argv[1]))
"""


def test_told_to_end_a_bench_ends_with_the_children_of_what_it_measures(tmp_path: Path) -> None:
    output = tmp_path / "output"
    os.mkfifo(output)
    bench = subprocess.Popen([sys.executable, "-c", _BENCH, str(output)], cwd=ROOT)
    try:
        # Its end is the end of the last process that could write to it.
        with output.open() as printed:
            assert printed.readline() == "started\n"
            bench.send_signal(signal.SIGTERM)
            assert select.select([printed], [], [], 10)[0], "its child goes on"
            assert printed.read() == ""
        assert bench.wait(10) == 128 + signal.SIGTERM
    finally:
        bench.kill()
