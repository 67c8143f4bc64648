"""Facts as prose: values in, text out."""
