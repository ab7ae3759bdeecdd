/** Nested limits: a device's share lies within its account's, and that within its invitation's, its network's and the server's. */
export { BRIDGE_FACTOR, type Budgets, createBudgets, createSeatBudget, factorOf } from './budgets.ts';
export { type Holder, NestedBudget, type Scope } from './nested-budget.ts';
