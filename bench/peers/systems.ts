/** The media servers that are compared, and which of their variants. */
export const SYSTEMS = ['canopy', 'livekit', 'janus'] as const;

export type SystemName = (typeof SYSTEMS)[number];

/** A media server in one configuration. */
export interface Variant {
  system: SystemName;
  /** Whether the server estimates each receiver's bandwidth from transport-wide feedback. */
  estimation: boolean;
}

/** Janus 1.1 has no estimation for those who receive. */
export const VARIANTS: readonly Variant[] = [
  { system: 'canopy', estimation: true },
  { system: 'livekit', estimation: true },
  { system: 'canopy', estimation: false },
  { system: 'livekit', estimation: false },
  { system: 'janus', estimation: false },
];

const NAMES: Record<SystemName, string> = { canopy: 'Canopy', livekit: 'LiveKit', janus: 'Janus' };

export function variantName({ system, estimation }: Variant): string {
  return `${NAMES[system]}${estimation ? '' : ' without estimation'}`;
}
