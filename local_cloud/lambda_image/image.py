"""A Lambda base image from what this machine has: its Python, its C library, its shell.

``sam local invoke`` wants ``public.ecr.aws/lambda/python:3.13-x86_64``. Where no registry can be
reached, this makes an image of that name with ``docker import``. Two things differ from AWS's:
the interpreter is the one that runs this (3.11 or newer; the functions are pure Python and are
tested on all of them), and the operating system is this machine's.
"""

import contextlib
import shutil
import ssl
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

TAG = "public.ecr.aws/lambda/python:3.13-x86_64"
_SAM_TAG = "public.ecr.aws/lambda/python:3.13-rapid-x86_64"
"""The image that sam derives from it, and would not build again."""

NO_DOCKER = (
    "`sam local invoke` runs a function in a container, and no docker daemon answers here: install "
    "Docker and start it (Debian, as root: bash local_cloud/lambda_image/docker.sh start)"
)
_PULL_SECONDS = 300
_LABEL = "online-backup.stand-in"
_LOCK = Path(__file__).with_name("requirements.txt")
_TOOLS = ("sh", "mv", "chmod", "cp", "rm")  # that sam's own Dockerfile calls
_LEFT_OUT = shutil.ignore_patterns(
    *("__pycache__", "*.pyc", "*.a", "test", "tests", "idlelib", "tkinter", "turtledemo"),
    *("lib2to3", "ensurepip", "site-packages", "dist-packages", "config-*", "_tkinter*"),
)
_BOOTSTRAP = """\
#!/bin/sh
export PYTHONPATH="/var/task:/opt/python:/var/runtime"
exec /var/lang/bin/python3 -m awslambdaric "${_HANDLER:-$AWS_LAMBDA_FUNCTION_HANDLER}"
"""
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "var/runtime/bootstrap": _BOOTSTRAP,
    "lambda-entrypoint.sh": '#!/bin/sh\n_HANDLER="$1" exec /var/runtime/bootstrap\n',
}
_CHANGES = (
    "ENV PATH=/var/lang/bin:/bin LANG=en_US.UTF-8 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
    "ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime",
    "WORKDIR /var/task",
    'ENTRYPOINT ["/lambda-entrypoint.sh"]',
    f"LABEL {_LABEL}=true",
)


class ImageError(RuntimeError):
    """The image cannot be built. The text is the output of the tool that failed."""


def provide() -> None:
    """Have an image of that name: AWS's own where it is here or can be pulled, else the stand-in.

    Raises :class:`ImageError` where there is no docker, or when docker or the installer fails.
    """
    if not is_running():
        raise ImageError(NO_DOCKER)
    if is_foreign() or _pulled():
        return
    build()


def is_running() -> bool:
    """Whether docker is installed and its daemon answers."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def _pulled() -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            ["docker", "pull", "--quiet", TAG],
            capture_output=True,
            check=False,
            timeout=_PULL_SECONDS,
        )
        return done.returncode == 0
    return False


def is_foreign() -> bool:
    """Whether AWS's own image with this name exists, not one that this module built."""
    known = subprocess.run(
        ["docker", "image", "inspect", "--format", f'{{{{index .Config.Labels "{_LABEL}"}}}}', TAG],
        capture_output=True,
        text=True,
        check=False,
    )
    return known.returncode == 0 and known.stdout.strip() != "true"


def build() -> None:
    """Build the image. Raises :class:`ImageError` if docker or the installer fails."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _lay_out(root)
        importing = [word for change in _CHANGES for word in ("--change", change)]
        with tempfile.TemporaryFile() as packed:
            with tarfile.open(fileobj=packed, mode="w") as tar:
                tar.add(root, arcname=".", filter=_as_root)
            packed.seek(0)
            done = subprocess.run(
                ["docker", "import", *importing, "-", TAG],
                stdin=packed,
                capture_output=True,
                check=False,
            )
    if done.returncode:
        raise ImageError(done.stderr.decode(errors="replace").strip())
    subprocess.run(["docker", "rmi", "--force", _SAM_TAG], capture_output=True, check=False)


def _lay_out(root: Path) -> None:
    """Write the image's content to the folder."""
    for name in ("bin", "tmp", "opt", "root", "proc", "dev", "sys", "var/task", "var/rapid"):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = root / "var/lang/lib" / version
    shutil.copytree(sysconfig.get_path("stdlib"), library, symlinks=False, ignore=_LEFT_OUT)
    interpreter = Path(sys.executable).resolve()
    (root / "var/lang/bin").mkdir()
    shutil.copy(interpreter, root / "var/lang/bin/python3")
    _install_client(root / "var/runtime")
    programs = [interpreter]
    for tool in _TOOLS:
        found = shutil.which(tool)
        if not found:
            raise ImageError(f"this machine has no {tool}")
        programs.append(Path(shutil.copy(found, root / "bin" / tool)))
    extensions = [*library.rglob("*.so"), *(root / "var/runtime").rglob("*.so")]
    _copy_libraries(root, [*programs, *extensions])
    for name, text in _FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    certificates = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    if Path(certificates).exists():
        (root / "etc/ssl/certs").mkdir(parents=True)
        shutil.copy(certificates, root / "etc/ssl/certs/ca-certificates.crt")


def _install_client(target: Path) -> None:
    """Install the locked runtime interface client for the interpreter that runs this."""
    uv = Path(sys.prefix, "bin", "uv")
    done = subprocess.run(
        [
            *(uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", target),
            *("--require-hashes", "--no-build", "--link-mode=copy", "--requirement", _LOCK),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ImageError(done.stderr.strip())


def _copy_libraries(root: Path, programs: Iterable[Path]) -> None:
    """Copy every shared library that the programs need to where the dynamic linker looks.

    All go to the folder of the C library, which the linker knows without a cache.
    """
    found: dict[str, Path] = {}
    for program in programs:
        listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
        for line in listed.stdout.splitlines():
            words = line.split()
            if "=>" in words and len(words) > 2 and words[2].startswith("/"):
                found[words[0]] = Path(words[2])
            elif words and words[0].startswith("/"):  # the dynamic linker itself
                _copy(Path(words[0]), root / words[0].lstrip("/"))
    standard = found["libc.so.6"].parent
    for extra in standard.glob("libnss_*.so.2"):
        found[extra.name] = extra
    for name, path in found.items():
        _copy(path, root / str(standard).lstrip("/") / name)


def _copy(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
