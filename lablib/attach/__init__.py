"""Other terminals and a running lesson: a socket that the lesson offers, and what is spoken on it."""
