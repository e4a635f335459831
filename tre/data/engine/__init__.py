"""The engine: the program that answers one query inside the `sql` box. Standard library, DuckDB and, for an Arrow file, pyarrow.

    python3 -I /code /code/query.json

It opens the store's files read-only, shows a query the approved columns of the approved tables as views and nothing else,
shuts DuckDB off from files, extensions and settings, and then reads each query three times over before it runs it: as DuckDB
parses it, as DuckDB binds it, and as DuckDB plans it. Each reading is enough to refuse what is outside the scope, so that a
mistake in the guard that came before is not a leak.

Rows leave through an Arrow stream to a second database that has files and no patients: there an extract gets its study's
pseudonyms and an order that says nothing about the store's, and there results are written. The query's text is never near
the key or the disk.

It refuses to say what went wrong in words: DuckDB's messages quote values. A class, and for faults of the text itself the
place in the text, is all that the report holds. Nothing is printed.
"""
