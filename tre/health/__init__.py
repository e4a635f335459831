"""The maintainers' jobs: the platform asked, through its own corridor, whether its walls and checks still hold."""
