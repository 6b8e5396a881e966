"""Building a User-Mode Linux kernel that boots guests faster, and knows more, than the distribution's: its source is
the distribution's own package, newer where there is a newer one, verified by apt."""
