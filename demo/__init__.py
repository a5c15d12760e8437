"""The demo: a naive bot, its careful twin, and the story that is told of them."""
