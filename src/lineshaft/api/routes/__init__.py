"""The routes of ``/api/v1``, one file per resource. Each route names the right it asks for."""
