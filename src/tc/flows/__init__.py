"""What happens, in order: one file per verb, the only sequencing of effects."""
