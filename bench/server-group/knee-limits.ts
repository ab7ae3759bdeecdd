/** A server is beyond its knee if it loses a larger share, */
export const MAX_LOSS_SHARE = 0.01;
/** or delays the middle packet by more. */
export const MAX_ADDED_MS = 20;
