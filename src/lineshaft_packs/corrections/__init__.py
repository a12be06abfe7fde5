"""The pack corrections: returns, un-approvals and red letters through all systems. Data only."""
