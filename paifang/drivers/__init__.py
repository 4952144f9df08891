"""One folder per outside machine or service, behind small contracts; may import core."""
