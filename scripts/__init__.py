"""What a developer's commands do: set up a machine, draw the house, list the promises. Nothing here is installed with `tre`."""
