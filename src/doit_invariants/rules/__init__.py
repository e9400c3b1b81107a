"""The decision: invariants, records, and what a comparison of the two says."""
