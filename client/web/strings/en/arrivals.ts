import { listed } from './forms.ts';

/** Announcements of what people do. */
export const arrivals = {
  joined: (names: readonly string[]) => `${listed(names)} joined`,
  raisedHand: (names: readonly string[]) => `${listed(names)} raised a hand`,
  left: (names: readonly string[]) => `${listed(names)} left`,
};
