"""One reader for each kind of file that can be read; each refuses what it does not understand."""
