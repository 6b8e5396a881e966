"""One shell that the reader and the steps of a chapter share: knowing when a step has ended, and what it printed."""
