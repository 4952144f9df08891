"""One verb per function; the only room that joins the others and writes. Holds live/ and desk/."""
