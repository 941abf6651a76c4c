# ruff: noqa: S603, S607 - our own commands, on our own files
"""Every step of the Dockerfile, and compose.yaml, as far as they can be tried without an engine.

    python .ci/dockerfile.py FOLDER    (empty; the program is installed into FOLDER/usegap)

Tried: what is copied is there and let through, and nothing else is; the commands of the first stage
as they stand, with the image's places in the folder: its environment, its tools, the wheel of the
copied files alone, which holds all that `make wheel` packs; system packages exist, where apt knows;
the image's command, its health check and its user: the installed program as uid 10001, which may
write to /data only.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {
    "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK",
    "ENTRYPOINT", "CMD",
}  # fmt: skip
SECRET = ("*.key", "*.key.old", ".env", "*.db", "*.db-wal", "*.backup", "*.dump", ".git/*")
UID = 10001


def fail(sentence: str) -> None:
    """End, saying why."""
    sys.exit(f"Dockerfile: {sentence}")


def steps() -> list[tuple[str, str]]:
    """The instructions in order: word, rest."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.replace("\\\n", " ").split("\n") if line.strip()]
    found = [(word.upper(), " ".join(rest.split())) for word, _, rest in
             (line.strip().partition(" ") for line in lines)]  # fmt: skip
    for word, rest in found:
        if word not in KNOWN or not rest:
            fail(f"what is {word} {rest}?")
    return found


def let_through(path: str, rules: list[str]) -> bool:
    """Whether .dockerignore lets a file into the build: the last rule that fits it decides."""
    through = True
    for rule in rules:
        pattern = rule.lstrip("!").strip("/")
        parts = path.split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        any_depth = pattern.removeprefix("**/")
        fits = any(
            any(fnmatch(part, any_depth) for part in parts)
            if any_depth != pattern
            else fnmatch(one, pattern) and one.count("/") == pattern.count("/")
            for one in above
        )
        if fits:
            through = rule.startswith("!")
    return through


def check_build(found: list[tuple[str, str]], folder: Path) -> None:
    """The first stage, a step after the other: copies nothing that is ignored, nothing secret."""
    rules = [
        line.strip()
        for line in (ROOT / ".dockerignore").read_text("utf-8").split("\n")
        if line.strip() and not line.startswith("#")
    ]
    for path in ("usegap.db", "usegap.key", ".env", "kept.backup", "bot/__pycache__/x.pyc",
                 ".git/config", "demo-out/usegap.db", "surveys/usegap.key"):  # fmt: skip
        if let_through(path, rules):
            fail(f".dockerignore lets {path} through")
    words = [word for word, _ in found]
    build = folder / "build"
    build.mkdir()
    for word, rest in found[1 : words.index("FROM", 1)]:
        if word == "COPY":
            _copy(rest, build, rules)
        elif word == "RUN":
            _run(rest, build, folder)
        elif (word, rest) != ("WORKDIR", "/build"):
            fail(f"the first stage has a step that is not tried: {word} {rest}")


def _copy(rest: str, build: Path, rules: list[str]) -> None:
    *sources, target = rest.split()
    for source in sources:
        there = ROOT / source
        files = [there] if there.is_file() else sorted(there.rglob("*"))
        files = [one for one in files if one.is_file()]
        names = [one.relative_to(ROOT).as_posix() for one in files]
        wanted = [name for name in names if let_through(name, rules)]
        if not wanted:
            fail(f"COPY {source}: nothing of that name comes through .dockerignore")
        for name in wanted:
            if any(fnmatch(name, one) or fnmatch(Path(name).name, one) for one in SECRET):
                fail(f"COPY {source} would take {name} along")
            inside = Path(name).relative_to(source) if there.is_dir() else Path(there.name)
            into = build / target / inside
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, into)


def _run(command: str, build: Path, folder: Path) -> None:
    """One command, its /usegap and /tools in the folder; `python` is the one that runs this."""
    here = re.sub(r"(?<![\w/.])/(usegap|tools)\b", f"{shlex.quote(os.fspath(folder))}/\\1", command)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", here], cwd=build, env=os.environ | {"PATH": path}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        fail(f"RUN {command}\nends with {done.returncode}: {done.stderr[-1000:]}")


def check_stages(found: list[tuple[str, str]]) -> None:
    """Two stages on one pinned base; the second without a compiler, and nobody's but its own."""
    bases = [rest.split()[0] for word, rest in found if word == "FROM"]
    if len(bases) != 2 or len(set(bases)) != 1 or not re.search(r":\d+\.\d+\.\d+-slim", bases[0]):
        fail(f"two stages on one base of a full version, not {bases}")
    words = [word for word, _ in found]
    last = found[len(words) - 1 - words[::-1].index("FROM") :]
    users = [rest for word, rest in last if word == "USER"]
    made = next((rest for word, rest in last if word == "RUN" and "useradd" in rest), "")
    if users != ["usegap"] or f"--uid {UID}" not in made:
        fail(f"the program must run as the user usegap, {UID}")
    for _, rest in (step for step in found if step[0] == "RUN"):
        if "pip install" in rest and rest.count("--no-cache-dir") != rest.count("pip install"):
            fail("pip must keep no cache")
        if "apt-get install" in rest and "rm -rf /var/lib/apt/lists/*" not in rest:
            fail("apt's lists must go")


def check_packages(found: list[tuple[str, str]]) -> str:
    """Debian knows every package by that name; said where there is no apt to ask."""
    names = [
        name
        for word, rest in found
        if word == "RUN"
        for part in re.findall(r"apt-get install([^&]*)", rest)
        for name in shlex.split(part)
        if not name.startswith("-")
    ]
    if shutil.which("apt-cache") is None:
        return "packages not looked up (no apt here)"
    for name in names:
        shown = subprocess.run(
            ["apt-cache", "show", "--no-all-versions", name], capture_output=True, check=False
        )
        if shown.returncode:
            fail(f"Debian has no package {name} (or run apt-get update first)")
    return f"{len(names)} packages"


def check_wheel(environment: Path) -> None:
    """What is installed is all that `make wheel` packs from the whole repository."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    (installed,) = environment.glob("lib/python*/site-packages/usegap-*.dist-info/RECORD")
    there = {line.split(",")[0] for line in installed.read_text("utf-8").splitlines()}
    names = set(zipfile.ZipFile(wheel).namelist())
    missing = {one for one in names if one.startswith(("bot/", "surveys/"))} - there
    if missing:
        fail(f"the wheel of what is copied lacks {sorted(missing)[:3]}")


def check_running(found: list[tuple[str, str]], folder: Path, environment: Path) -> str:
    """The installed program as the image starts it: no rights, one folder to write in."""
    last = dict(found)
    entry, command = json.loads(last["ENTRYPOINT"]), json.loads(last["CMD"])
    health = json.loads(last["HEALTHCHECK"].partition("CMD ")[2])
    if (entry, command) != (["usegap"], ["run"]):
        fail("the image starts `usegap run`")
    data = folder / "data"
    data.mkdir()
    set_ = dict(pair.split("=", 1) for word, rest in found if word == "ENV"
                for pair in shlex.split(rest))  # fmt: skip
    around = {
        **{name: value.replace("/data", os.fspath(data)) for name, value in set_.items()},
        "PATH": f"{environment / 'bin'}:/usr/bin:/bin", "HOME": os.fspath(data),
        "USEGAP_SECRET_KEY": "k" * 40, "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    as_user: list[str] = []
    if os.getuid() == 0 and shutil.which("setpriv"):
        os.chown(data, UID, UID)
        folder.chmod(0o755)
        # Python may lie where only root may look: looking is let, writing is not.
        as_user = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups",
                   "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
                   "--bounding-set=-all,+dac_read_search"]  # fmt: skip

    def call(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [*as_user, *arguments], env=around, cwd=data, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        if done.returncode != code:
            fail(f"`{' '.join(arguments)}` ends with {done.returncode}: {done.stderr[-300:]}")
        return done.stdout + done.stderr

    call(*entry, "--version")
    call(*health, code=1)  # nothing is there yet
    if "USEGAP_TELEGRAM_TOKEN" not in call(*entry, *command, code=1):
        fail("without a token it says which setting is missing")
    (data / "v.csv").write_text("code,name,area,households,adults,target\nV,One,A/B,9,9,\n")
    call(*entry, "villages", "import", "v.csv")
    call(*health)
    if as_user and {one.stat().st_uid for one in data.glob("usegap.db*")} != {UID}:
        fail("what it writes is its user's own")
    return f"as uid {UID}" if as_user else "as this user (not root: no other could be taken)"


def check_compose() -> None:
    """compose.yaml, by a client where there is one, else what can be read off it."""
    text = (ROOT / "compose.yaml").read_text("utf-8")
    if "\t" in text or re.search(r"(?i)(token|password|key):\s*['\"]?[\w-]{12,}", text):
        fail("compose.yaml holds a tab or a secret")
    services = re.findall(r"(?m)^  (\w+):$", text.split("\nservices:")[1].split("\nvolumes:")[0])
    if services != ["postgres", "upgrade", "bot"]:
        fail(f"compose.yaml has the services {services}")
    for name, how in re.findall(r"(?m)^      (\w+): \{condition: (\w+)\}", text):
        if name not in services or how not in (
            "service_healthy", "service_completed_successfully"
        ):  # fmt: skip
            fail(f"compose.yaml waits for {name}, {how}")
    if set(re.findall(r"\*(\w+)", text)) - set(re.findall(r"&(\w+)", text)):
        fail("compose.yaml refers to an anchor that is not there")
    if not re.search(r"image: postgres:\d+\.\d+", text):
        fail("compose.yaml pins PostgreSQL's version")
    client = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False) \
        if shutil.which("docker") else None  # fmt: skip
    if client is not None and client.returncode == 0:
        given = os.environ | {"POSTGRES_PASSWORD": "x"}
        with tempfile.TemporaryDirectory() as folder:
            shutil.copyfile(ROOT / "compose.yaml", Path(folder) / "compose.yaml")
            (Path(folder) / ".env").touch()
            subprocess.run(
                ["docker", "compose", "config", "--quiet"], cwd=folder, env=given, check=True
            )


def main() -> None:
    """Check what the docstring of this file says."""
    if len(sys.argv) != 2:
        fail("name an empty folder")
    folder = Path(sys.argv[1]).resolve()
    environment = folder / "usegap"
    found = steps()
    check_stages(found)
    check_compose()
    packages = check_packages(found)
    check_build(found, folder)
    check_wheel(environment)
    how = check_running(found, folder, environment)
    print(f"Dockerfile: {packages}, files, wheel, command and health check are right, {how}.")


main()
