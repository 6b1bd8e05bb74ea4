"""Processes of ours for Lava. Its compiler executes every file in this folder, so nothing else may lie here."""
