"""The simulated service desk (ITSM): faults reported by phone with a photo, tickets, knowledge articles."""
