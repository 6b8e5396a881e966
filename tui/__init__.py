"""The screen: a thin view over lablib, and the only place that imports Textual. Widget folders mirror the screen."""
