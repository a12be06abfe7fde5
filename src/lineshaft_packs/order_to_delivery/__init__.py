"""The pack order-to-delivery: a confirmed CRM order through the ERP to its delivery. Data only."""
