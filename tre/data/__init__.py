"""The data room: the only one that knows where patients are.

It turns a supplier's extract into a pseudonymised store, says what each column means, and builds the request that
the engine answers inside a sandbox. It refuses to let an identifier land, and to open a store it cannot vouch for.
"""
