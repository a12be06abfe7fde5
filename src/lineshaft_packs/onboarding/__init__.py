"""The pack onboarding: hired, moved, gone; accounts and things in every system that a post needs. Data."""
