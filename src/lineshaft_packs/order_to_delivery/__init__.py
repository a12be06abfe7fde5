"""The pack order-to-delivery: a confirmed CRM order through the whole factory to its delivery. Data only."""
