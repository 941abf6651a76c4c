"""JavaRosa, out of the jar inside pyxform: the judge where ODK's specification is silent."""

import shutil
import subprocess
from pathlib import Path

import pytest


def jar() -> Path:
    import pyxform

    return Path(pyxform.__file__).parent / "validators/odk_validate/bin/ODK_Validate.jar"


def compiled(source: Path, folder: Path) -> list[str]:
    """The command that runs a small Java program over JavaRosa, compiled into this folder.

    Skips the test where there is no Java.
    """
    java, compiler = shutil.which("java"), shutil.which("javac")
    if java is None or compiler is None:
        pytest.skip("java and javac are not installed")
    subprocess.run([compiler, "-nowarn", "-cp", jar(), "-d", folder, source], check=True)
    zone = "-Duser.timezone=Asia/Shanghai"
    return [java, zone, "-Dfile.encoding=UTF-8", "-cp", f"{jar()}:{folder}", source.stem]
