"""A terminal inside the screen: an engine that interprets, a widget that paints, a pump that carries the bytes."""
