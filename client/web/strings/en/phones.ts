/** Phones in a call. */
export const phones = {
  call: 'Call a phone',
  dial: 'Call',
  target: 'Number or SIP address',
  what: 'The phone rings; the person who answers joins this room.',
  withhold: 'Withhold my number',
  withholdHint: 'For telephone numbers: they see “Anonymous” instead of your name and number.',

  title: 'Phones',
  announcements: 'When someone joins or leaves, phones hear',
  announcementChoices: {
    off: 'Nothing',
    tone: 'A tone',
    name: 'The name',
    recorded: 'The name, in the caller’s voice',
  },
  announcementsHint: 'Only in small meetings, and quietly while someone speaks.',
  passThrough: 'Forward the sound of phones as it is while everyone can play it',
  passThroughHint: 'A little less delay, but more data for everyone.',
};
