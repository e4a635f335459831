"""The pages and the API: a face for researchers, approvers and the public, and one for checkers and maintainers.

``outside`` and ``inside`` never import each other, and nothing outside can reach the reader of the quarantine. What lies
directly in this folder is what both take: who may ask for what, sessions, forms, errors, the look.
"""
