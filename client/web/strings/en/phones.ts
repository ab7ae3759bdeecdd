/** Phones in a call. */
export const phones = {
  call: 'Call a phone',
  dial: 'Call',
  target: 'Number or SIP address',
  what: 'The phone rings; the person who answers joins this room.',
};
