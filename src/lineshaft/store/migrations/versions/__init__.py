"""The revisions, one file each: ``vNNNN_what.py``. Never changed once released."""
