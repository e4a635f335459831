"""Programs that try the walls of a box from inside. They are given to a box as its code, never run on the host."""

from pathlib import Path

FOLDER = Path(__file__).parent
"""What a box is given as `/code`."""
