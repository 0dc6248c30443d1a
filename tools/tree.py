"""What the Python checkers share: the project's files, C without comments."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def _git_files():
    """What git knows and does not ignore; None without git or a folder that is
    its own, or where git will not read the folder of another user."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        return None
    git = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True)
    return git.stdout.splitlines() if git.returncode == 0 else None


def _ignored(parts):
    """As .gitignore has it."""
    return (parts[0] in ("build", ".git") or parts[-1].endswith(".pyc")
            or "__pycache__" in parts or ".cache" in parts)


def files(*suffixes):
    """Paths of the project's files, relative to its root, sorted."""
    names = _git_files()
    if names is None:
        below = (p.relative_to(ROOT) for p in ROOT.rglob("*"))
        names = [str(p) for p in below if not _ignored(p.parts)]
    return sorted(n for n in names
                  if (ROOT / n).is_file() and (not suffixes or n.endswith(suffixes)))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code(text):
    """C text with comments, strings and characters blanked; lines stay."""
    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token[0] + token[-1]
        return re.sub(r"[^\n]", " ", token)
    return _TOKEN.sub(blank, text)


def finish(findings, what):
    """Print the findings and leave with 1, or say what was checked."""
    for finding in findings:
        print(finding)
    if findings:
        sys.exit(1)
    print(what)
