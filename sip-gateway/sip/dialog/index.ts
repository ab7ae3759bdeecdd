/** Dialogs and the offer/answer state of a session. */
export { Dialog, dialogKey } from './dialog.ts';
export { OfferAnswer, type OfferState } from './offer-answer.ts';
export { Retransmission } from './retransmission.ts';
