"""Feeds the AdventureWorks sales files into the simulated CRM and ERP, as they are: real input, with its
dirt.

``reader`` turns the CSV files into import rows and names what is wrong with them; ``feed`` sends them
through the systems' own import calls, so a repeated run changes nothing. Nothing is repaired, nothing is
dropped.

What the files hold (``adventureworks-sales``, counted by the tests):

- 1,566 orders (2011-05-31 to 2011-12-24) of 1,365 customers, 504 products (60 of them ordered), 5,716
  lines.
- **41 lines name an order that is not there** (SO45225 … SO45265, one line each: the order file ends
  before the line file does). They cannot be orders; the CRM keeps them as orphan lines (113,690.24 in
  all). 5,675 lines have an order.
- 19,820 customers: 1,201 have a person, 701 a store, 199 a store and its contact person, 436 a store
  whose contact person is missing, and **17,283 have neither, so no name at all** (``account_nameless``).
  No order is of those.
- All 1,566 orders have a name to go by: 1,160 of a person, 393 of a store with contact, **13 of a store
  whose contact is missing** (``contact_missing``; six stores).
- 10 persons have UTF-8 read as Windows-1252 in their name (``JosÃ©``). **4 orders are of such a person**
  (``account_name_garbled``: SO43841, SO44387, SO44444, SO44657), **3 of a store with such a contact**
  (``contact_garbled``: SO43683, SO44308, SO45064). The other six are no customer's, or of customers
  without an order.
- Store names with blanks at their ends are kept so (``name_untrimmed``).
- Every line's product exists; 34 lines have a discount (0.02, 0.05, 0.1); prices have up to four
  decimals; amounts are ``half-up(quantity × price × (1 − discount), 2)``: 12,527,982.96 over the 1,566
  orders. The order heads' subtotals were rounded otherwise and differ by up to 0.04 in 232 orders. Tax
  and freight stand on the head only.

So the ERP, whose master data somebody keeps clean, has a code for every customer with a readable name and
for every product: **1,562 orders can be carried over, 4 have a customer without an ERP code, and 41 lines
have no order**. Whether the 13 + 3 orders with an incomplete contact go over is the hub's decision; the
CRM states the facts.
"""
