"""The course as data: chapters, their tasks, steps and prose, parsed from `content/`."""
