"""What a venue says of an account, and of a run whose orders nobody recorded for a while."""
