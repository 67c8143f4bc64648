"""What the venue does for each request: parameters in, a document and facts out; no sockets."""
