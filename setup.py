"""Package discovery: ``hardware/`` and ``models/`` are installed as ``neurosim.hardware`` and ``neurosim.models``."""

from setuptools import find_packages, setup

MAPPED = ("hardware", "models")

setup(
    packages=[
        *find_packages(include=["neurosim", "neurosim.*"]),
        *(f"neurosim.{name}" for folder in MAPPED for name in find_packages(include=[folder, f"{folder}.*"])),
    ],
    package_dir={"neurosim": "neurosim", **{f"neurosim.{folder}": folder for folder in MAPPED}},
)
