"""The line itself: keys and signatures, documents, request weight, and what an answer means."""
