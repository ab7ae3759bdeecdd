/** Limits of trunks: what may be called, and how much. */
export { TrunkGuard, TrunkRefusal, type TrunkRefusalReason } from './trunk-guard.ts';
export type { SavedCharge } from './trunk-ledger.ts';
