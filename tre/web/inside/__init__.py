"""The face for output checkers and maintainers, which a site can run on the data's own network. Never imports the outside face."""
