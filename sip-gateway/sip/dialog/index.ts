/** Dialogs and the offer/answer state of a session. */
export { Dialog, dialogKey, type SavedDialog } from './dialog.ts';
export { OfferAnswer, type OfferState } from './offer-answer.ts';
export { Retransmission } from './retransmission.ts';
