"""The lab of a drill: a paper run on a venue that can be broken, and all that watches it, as processes of their own."""
