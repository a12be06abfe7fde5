"""OData 2 and 4 as a kind of manifest: entity sets, keys and types instead of paths and bodies."""
