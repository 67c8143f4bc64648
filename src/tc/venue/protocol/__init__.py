"""The words of the wire, pure: parameters, signatures, limits, and the documents that the venue answers with."""
