"""The pack that a newcomer begins with: the systems, a mapping and a form; the process is theirs to draw."""
