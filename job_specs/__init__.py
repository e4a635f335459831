"""What a researcher writes, and what it means. A leaf: refuses to import the service or the other leaves."""
