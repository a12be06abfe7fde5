"""The built console in a real browser. One factory and one browser serve all files of this folder."""
