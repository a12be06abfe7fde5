"""The pack that keeps customers the same in CRM and ERP: definitions only."""
