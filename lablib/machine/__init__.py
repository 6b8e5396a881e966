"""Where a lab runs: a guest kernel of its own, or this host, both served by the same agent."""
