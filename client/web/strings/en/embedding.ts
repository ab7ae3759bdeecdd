/** The page inside another site, or opened by one. `site` is its host. */
export const embedding = {
  microphoneOn: (site: string) => `${site} turned your microphone on.`,
  cameraOn: (site: string) => `${site} turned your camera on.`,
  waiting: 'Waiting for the site that opened this window…',
  refused: (site: string) => `No meetings can be created for ${site}`,
  refusedAdvice: 'Whoever runs this server can allow it by adding the site to server.embedders.',
  create: 'Create a meeting',
  getsLink: (site: string) => `${site} gets the link to it.`,
  titleExample: 'e.g. Project meeting',
};
