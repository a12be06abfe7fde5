"""The pack order-to-tryton: a confirmed CRM order through a real Tryton to its delivery. Data only."""
