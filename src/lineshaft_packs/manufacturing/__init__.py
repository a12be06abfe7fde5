"""The pack manufacturing: the packs of orders, purchases, repairs and people in one release. Data only."""
