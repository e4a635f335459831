"""Figures drawn by us from a table that may be shown, so that nothing else can be in them."""
