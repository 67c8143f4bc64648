"""How any document is read: YAML text to nodes with their lines, nodes to Structs, and every problem on the way."""
