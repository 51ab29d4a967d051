"""A machine for one instance: a directory, stand-ins, and the sandbox that runs its user data."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_cloud.machine import kept_bytecode
from local_cloud.machine.confinement import bytecode_of

# What bootstrap.sh may use of Amazon Linux 2023. `aws` and `python3.13` are added below.
TOOLS = (
    *("bash", "sh", "git", "sha256sum", "mktemp", "mkdir", "rm", "cat", "date", "sleep", "tee"),
    *("tail", "head", "uname", "env", "grep", "timeout", "true", "kill", "curl"),
)
# Stand-ins that send to the sandbox what the real commands would request from the machine.
_POWER_COMMANDS = ("shutdown", "poweroff", "halt", "reboot")
_CONSOLE_BYTES = 64 * 1024

_POWER_STAND_IN = """#!{bash}
printf '%s\\n' "{command} $*" >'{pipe}'
"""
_DNF_STAND_IN = """#!{bash}
# Everything that the instance installs is on PATH already.
echo "dnf (stand-in): nothing to do for: $*"
"""


@dataclass(slots=True)
class Machine:
    """One running machine. Call ``stop`` or ``wait``; its directory is then removed."""

    directory: Path
    process: subprocess.Popen[str]
    _console: bytes = b""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def boot(
        cls,
        directory: Path,
        user_data: bytes,
        environment: Mapping[str, str],
        minute_seconds: float = 60.0,
    ) -> "Machine":
        """Make ``directory`` a machine and start it.

        ``environment`` is all the guest gets beside PATH, HOME and TMPDIR; ``minute_seconds``
        is how long a minute of ``shutdown +N`` lasts.
        """
        _furnish(directory, user_data, environment)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "local_cloud.machine.sandbox", str(directory)),
                *("--minute-seconds", str(minute_seconds)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        return cls(directory, process)

    def stop(self) -> None:
        """Turn the machine off, as TerminateInstances does. Returns at once."""
        with self._lock:
            if self.process.stdin is not None and not self.process.stdin.closed:
                self.process.stdin.close()

    def wait(self) -> str:
        """Wait until the machine is off: ``guest`` or ``api`` turned it off, or ``crash``."""
        assert self.process.stdout is not None
        last_words = self.process.stdout.read().strip()
        self.process.wait()
        self.stop()
        self.process.stdout.close()
        self._console = self.console()
        shutil.rmtree(self.directory, ignore_errors=True)
        return last_words or "crash"

    def console(self) -> bytes:
        """The end of the machine's console output."""
        log = self.directory / "console.log"
        return log.read_bytes()[-_CONSOLE_BYTES:] if log.exists() else self._console


def run_to_the_end(machine: Machine, on_end: Callable[[str], None]) -> None:
    """Wait for a machine in a thread of its own, then call ``on_end`` with who ended it."""
    threading.Thread(target=lambda: on_end(machine.wait()), daemon=True).start()


def _furnish(directory: Path, user_data: bytes, environment: Mapping[str, str]) -> None:
    for name in ("bin", "root", "tmp"):
        (directory / name).mkdir(parents=True)
    bytecode_of(directory).mkdir(exist_ok=True)
    (directory / "console.log").touch()
    (directory / "user-data").write_bytes(user_data)
    pipe = directory / "power"
    os.mkfifo(pipe)
    binaries = directory / "bin"
    bash = _tool("bash")
    for command in _POWER_COMMANDS:
        _script(binaries / command, _POWER_STAND_IN.format(bash=bash, command=command, pipe=pipe))
    _script(binaries / "dnf", _DNF_STAND_IN.format(bash=bash))
    for tool in TOOLS:
        (binaries / tool).symlink_to(_tool(tool))
    (binaries / "aws").symlink_to(Path(sys.prefix, "bin", "aws"))
    _python(directory)
    settings = {
        "PATH": str(binaries),
        "HOME": str(directory / "root"),
        "TMPDIR": str(directory / "tmp"),
        "PYTHONPYCACHEPREFIX": str(bytecode_of(directory)),
        **environment,
    }
    lines = "".join(f"{name}={value}\n" for name, value in settings.items())
    (directory / "environment").write_text(lines)


def _python(directory: Path) -> None:
    """A bare Python under the name that AL2023 gives it: what is shipped must bring the rest.

    The directory is made a virtual environment of its own, with nothing in it but what spares the
    machines' processors.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix, "bin", version)
    packages = directory / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    shutil.copy(kept_bytecode.__file__, packages / "sitecustomize.py")
    (directory / "bin" / "python3.13").symlink_to(base)
    (directory / "pyvenv.cfg").write_text(
        f"home = {base.parent}\ninclude-system-site-packages = false\n"
    )


def _tool(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"The instance needs `{name}`, which is not on your PATH.")
    return Path(found).resolve()


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
