"""Confines user data without root, by the kernel's Landlock and no-new-privileges.

The sandbox's PATH holds stand-ins for what could harm (``shutdown``, ``dnf``), but a path such as
``/sbin/poweroff`` would still be found. Where Linux has Landlock (5.13 or newer), the guest may
write below its own directory and the machines' bytecode only, read only what programs need,
execute only what its PATH links to, and signal only its own processes. Elsewhere the stand-ins and
no-new-privileges remain.
"""

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_CHILD_SUBREAPER = 36
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1

# https://docs.kernel.org/userspace-api/landlock.html: the rights, as bits
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_RIGHTS = (1 << 16) - 1
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3  # ABI 6

_READABLE = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix/store"),
    *("/proc", "/sys", "/run/systemd/resolve", "/var/lib/ca-certificates"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
_LOADERS = ("lib64/ld-*", "lib/ld-*", "lib/*/ld-*", "usr/lib64/ld-*", "usr/lib/*/ld-*")
_GIT_LIBEXEC = ("/usr/lib/git-core", "/usr/libexec/git-core", "/usr/local/libexec/git-core")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(ancestor: int) -> list[int]:
    """The ids of all live processes below ``ancestor``, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for process, parent in _processes():
        children.setdefault(parent, []).append(process)
    found: list[int] = []
    unvisited = [ancestor]
    while unvisited:
        below = children.get(unvisited.pop(), [])
        found += below
        unvisited += below
    return found


def _processes() -> Iterator[tuple[int, int]]:
    """Every live process with its parent."""
    if not Path("/proc/self/stat").exists():
        output = os.popen("ps -A -o pid= -o ppid= -o stat=").read()
        for process, parent, state in (line.split() for line in output.splitlines()):
            if not state.startswith("Z"):
                yield int(process), int(parent)
        return
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                yield int(entry.name), int(fields[1])


def bytecode_of(directory: Path) -> Path:
    """The folder of Python's bytecode for the machine in ``directory`` and those beside it.

    Each call of the AWS CLI would compile it anew: a third of a second of processor time.
    """
    return directory.parent / "bytecode"


def landlock_abi() -> int:
    """The version of this kernel's Landlock ABI; 0 if it has none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, 1)))


def confine(directory: Path, console: int) -> None:
    """Confine this process and its children to ``directory``, and report how on ``console``.

    For use between fork and exec.
    """
    os.umask(0o022)
    if sys.platform != "linux":
        os.write(console, b"sandbox: stand-ins only, this is not Linux\n")
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    abi = landlock_abi()
    if abi == 0:
        os.write(console, b"sandbox: stand-ins and no-new-privileges, no Landlock here\n")
        return
    rights = _RIGHTS_BY_ABI.get(abi, _ALL_RIGHTS)
    scope = _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if abi >= 6 else 0
    attributes = struct.pack("=QQQ", rights, 0, scope)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, attributes, size, 0)
    for path, allowed in _grants(directory):
        _allow(libc, ruleset, path, allowed & rights)
    if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(ruleset)
    os.write(console, f"sandbox: stand-ins and Landlock {abi}\n".encode())


def _grants(directory: Path) -> Iterator[tuple[Path, int]]:
    read = _READ_FILE | _READ_DIR
    yield directory / "bin", read | _EXECUTE
    yield directory, read
    for writable in ("root", "tmp"):
        yield directory / writable, _ALL_RIGHTS
    yield bytecode_of(directory), _ALL_RIGHTS
    yield directory / "power", _WRITE_FILE
    yield directory / "console.log", _WRITE_FILE
    for tool in (directory / "bin").iterdir():
        yield from _program(tool)
    for readable in _READABLE:
        yield Path(readable), read
    for device in _DEVICES:
        yield Path(device), _READ_FILE | _WRITE_FILE | _IOCTL_DEVICE
    for pattern in _LOADERS:
        for loader in Path("/").glob(pattern):
            yield loader, _READ_FILE | _EXECUTE
    for helpers in _GIT_LIBEXEC:
        yield Path(helpers), read | _EXECUTE
    for certificates in ("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE"):
        if named := os.environ.get(certificates):
            yield Path(named), read


def _program(tool: Path) -> Iterator[tuple[Path, int]]:
    """The right to run a program, and its interpreter if it is a script; Pythons with libraries."""
    real = tool.resolve()
    yield real, _READ_FILE | _EXECUTE
    with real.open("rb") as file:
        first_line = file.readline(512)
    if first_line.startswith(b"#!"):
        yield from _program(Path(first_line[2:].decode().split()[0]))
    if real.name.startswith("python"):
        for prefix in {sys.prefix, sys.base_prefix}:
            yield Path(prefix), _READ_FILE | _READ_DIR


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not path.is_dir():
        rights &= _FILE_RIGHTS
    rule = struct.pack("=Qi", rights, handle)
    if libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock_add_rule", str(path))
    os.close(handle)
