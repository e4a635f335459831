"""The images that study code runs in: built here, from pinned parts, named by content; never pulled.

It refuses to know an engine: it makes files and ids, and `installed` says which of them this host has.
"""

from sandboxes.images.errors import ImageError
from sandboxes.images.manifest import Image, default_cache, installed

__all__ = ["Image", "ImageError", "default_cache", "installed"]
