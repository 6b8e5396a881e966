"""A chapter without a screen: a page of text, for a pager, a file, a braille display or a plain console."""
