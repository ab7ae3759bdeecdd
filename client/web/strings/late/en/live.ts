/** Live streams of a call. */
export const live = {
  start: 'Live stream…',
  stop: 'Stop the live stream…',
  startNow: 'Go live',
  stopNow: 'Stop',
  what: 'Everyone’s video and sound will be streamed to people outside the call. Everyone in the call sees that.',
  target: 'Server',
  hls: 'This server (HLS): anyone with the link can watch',
  key: 'Stream key',
  cost: (cpuPercent: number, kbps: number) =>
    `Uses about ${cpuPercent}% of a processor core of the server, and ${kbps} kbit/s of its upload bandwidth.`,
  costHls: (cpuPercent: number, kbps: number) =>
    `Uses about ${cpuPercent}% of a processor core of the server, and ${kbps} kbit/s of its upload bandwidth for each viewer.`,
  running: (host: string | undefined) => (host === undefined ? 'Live' : `Live: ${host}`),
  interrupted: 'Live stream interrupted',
  link: 'Link',
  /** Said to those who come while it runs. */
  isStreamed: 'This call is being streamed live.',
  started: (name: string | undefined) =>
    name === undefined ? 'This call is being streamed live.' : `${name} is streaming this call live.`,
  ended: (name: string | undefined, reason: string | undefined) =>
    name !== undefined
      ? `${name} stopped the live stream.`
      : reason === 'failed'
        ? 'The live stream has ended because of an error.'
        : 'The live stream has ended.',
};
