"""The pack purchase-to-pay: from an approved request to its payment. Data only."""
