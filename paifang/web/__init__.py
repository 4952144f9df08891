"""What the outside calls, in live/ and desk/; may import services and the enums of core."""
