"""What is seen live of a machine: a renderer for each view, and what lights up because it has just changed."""
