export interface AdmissionInput {
  /** Share of a core used by the worker that the newcomer's media would be on, 0 to 1; null: not known yet. */
  workerShare: number | null;
  /** Newcomers are refused from this share of a core; 0: off. */
  limitShare: number;
  /** Maximum egress bitrate of the node, in bits per second; null: unlimited. */
  linkBps: number | null;
  /** Number of receiving peers in all rooms. */
  receivers: number;
  /** Minimum share of the link per receiver, in bits per second; 0: off. */
  linkFloorBps: number;
}

const RETRY = 'try again in 10 s';

/** Why a newcomer would degrade the media of those inside; undefined: they would not. */
export function refusal(input: AdmissionInput): string | undefined {
  const { workerShare, limitShare, linkBps, receivers, linkFloorBps } = input;
  if (limitShare > 0 && workerShare !== null && workerShare >= limitShare) {
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    return `CPU: the media worker uses ${percent(workerShare)} of a core, the limit is ${percent(limitShare)}; ${RETRY}`;
  }
  const shareBps = linkBps === null ? Number.POSITIVE_INFINITY : linkBps / (receivers + 1);
  if (linkFloorBps > 0 && shareBps < linkFloorBps) {
    const kbps = (bps: number) => `${Math.floor(bps / 1000)} kbit/s`;
    return `link: each of ${receivers + 1} receivers would have ${kbps(shareBps)}, the floor is ${kbps(linkFloorBps)}; ${RETRY}`;
  }
  return undefined;
}
