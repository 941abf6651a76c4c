"""JavaRosa filling in forms as ODK Collect would, through `Drive.java`: one process for many."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.javarosa import jar

HERE = Path(__file__).parent
NOW = "2024-05-06T07:08:09+00:00"
FROZEN = """package java.util;

/** The clock of a Date that is told no time. */
public final class Frozen {
    public static long currentTimeMillis() {
        return Long.getLong("fixed.clock", 0);
    }
}
"""


class Driver:
    """The process; `told` is the JSON of `usegap form run`, or {"error": …}."""

    def __init__(self, folder):
        java, compiler = shutil.which("java"), shutil.which("javac")
        if java is None or compiler is None:
            pytest.skip("java and javac are not installed")
        patch = _stopped_clock(folder, java, compiler)
        classes = folder / "classes"
        subprocess.run(
            [compiler, "-nowarn", "-cp", jar(), "-d", classes, HERE / "Drive.java"], check=True
        )
        self.folder = folder
        self.forms = 0
        self.process = subprocess.Popen(
            [
                java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--patch-module",
                f"java.base={patch}", "-Duser.timezone=UTC", "-Duser.language=en",
                "-Dfile.encoding=UTF-8", "-cp", f"{jar()}:{classes}", "Drive",
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    def told(self, xform, answers, *, files=None, language=None, now=NOW, **more):
        """What JavaRosa makes of an XForm and answers; `files` is the folder of its lists."""
        self.forms += 1
        form = self.folder / f"{self.forms}.xml"
        form.write_text(xform, "utf-8")
        wanted = {"form": str(form), "folder": str(files or self.folder), "answers": answers,
                  "now": now, "language": language, **more}  # fmt: skip
        self.process.stdin.write(json.dumps(wanted) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _stopped_clock(folder, java, compiler):
    """A java.util.Date that takes its time from the property `fixed.clock`.

    JavaRosa asks `new Date()` what day it is; that class asks System alone for the time, and here
    asks a class of ours, with a name as long.
    """
    source = folder / "source/java/util/Frozen.java"
    source.parent.mkdir(parents=True)
    source.write_text(FROZEN)
    patch = folder / "patch"
    subprocess.run(
        [compiler, "--patch-module", f"java.base={folder / 'source'}", "-d", patch, source],
        check=True,
    )
    reading = folder / "Reading.java"
    reading.write_text(
        "public class Reading { public static void main(String[] a) throws Exception {"
        'System.out.write(Object.class.getResourceAsStream("/java/util/Date.class").readAllBytes());'
        "System.out.flush(); } }"
    )
    date = subprocess.run([java, reading], check=True, stdout=subprocess.PIPE).stdout
    assert date.count(b"java/lang/System") == 1
    (patch / "java/util/Date.class").write_bytes(
        date.replace(b"java/lang/System", b"java/util/Frozen")
    )
    return patch
