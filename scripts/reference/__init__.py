"""The generated pages of the reference: one module a subject, each turning what the code says into Markdown."""
