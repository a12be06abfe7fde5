"""The pack repair: a fault, who repairs it, its parts, its cost, and what was learnt from it. Data only."""
