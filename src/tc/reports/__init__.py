"""Facts as prose: pure functions from values to text (metrics, Markdown, a web page)."""
