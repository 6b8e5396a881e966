"""The `labs` command: what a user asked for, who does it, and how it ended. No logic of the labs lives here."""
