"""What does not depend on doit or on pluggy: digests, records, and the decision itself."""
