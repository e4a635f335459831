"""How code we do not trust is run: in a box, walled in, its outputs taken out by hand. A leaf: it knows no service."""
