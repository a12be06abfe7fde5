"""The shipped packs: data (YAML, BPMN, DMN, CSV) and, rarely, named Python functions.

Imports at most lineshaft.sdk and what is below it.
"""
