"""What may leave: reads an offered file, judges it, and re-writes it so that nobody can be found in it.

Refuses what it cannot read. Never looks at patients, never decides a release, never hands back a file's own bytes
where it can write them again from what it understood.
"""
