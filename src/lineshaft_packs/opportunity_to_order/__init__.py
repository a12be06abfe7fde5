"""The pack opportunity-to-order: forecasts, orders of contracts, approval by amount. Data only."""
