"""The rules, one in each file: a name, the promise it keeps, and a function from a subject to findings."""
