"""Where the contenders' programs come from: environments of their own, made once."""

import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "benchmarks"


def programs() -> Path:
    """The folder with the rivals' and the S3 server's programs."""
    return _environment("venv", Path(__file__).with_name("requirements.txt")) / "bin"


def python() -> Path:
    """The Python of an environment that has what an instance has, and nothing else."""
    locked = ROOT / "instance_scripts" / "requirements.txt"
    return _environment("instance", locked) / "bin" / "python"


def describe_machine() -> str:
    """For the head of each table."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {git.strip()}"


def _environment(name: str, requirements: Path) -> Path:
    environment = CACHE / name
    stamp = environment / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != requirements.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        install = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        locked = ["--require-hashes", "--requirement", str(requirements)]
        subprocess.run([*install, *locked], check=True)
        stamp.write_bytes(requirements.read_bytes())
    return environment
