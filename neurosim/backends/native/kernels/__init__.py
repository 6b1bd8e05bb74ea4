"""Compiled functions that generated kernels call.

What stands below the mark in these files is put in front of every generated module, so that a kernel and all it calls are named by one
digest: a compiled caller in a cache would otherwise keep an old copy of what it imported. ``FT`` is the type of states and ports.
"""
