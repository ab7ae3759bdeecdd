/** A k6 script with its parameters. */
export interface K6Scenario {
  name: string;
  /** One sentence for the report. */
  description: string;
  /** File in the folder `scripts`, without its extension. */
  script: string;
  peers: number;
  peersPerRoom: number;
  joinsPerSecond: number;
  /** How long the part after joining lasts, in seconds. */
  durationSeconds: number;
  /** Per peer, if the script sends any. */
  requestsPerSecond: number;
}

export const K6_SCENARIOS: readonly K6Scenario[] = [
  {
    name: 'k6-join-storm',
    description: 'People join rooms of 25 one after another and stay; signalling only.',
    script: 'join-storm',
    peers: 500,
    peersPerRoom: 25,
    joinsPerSecond: 50,
    durationSeconds: 3,
    requestsPerSecond: 0,
  },
  {
    name: 'k6-signalling-storm',
    description: 'People in rooms of 25 keep opening and closing transports, leaving and rejoining.',
    script: 'signalling-storm',
    peers: 200,
    peersPerRoom: 25,
    joinsPerSecond: 40,
    durationSeconds: 20,
    requestsPerSecond: 1,
  },
  {
    name: 'k6-reconnect-storm',
    description: 'People in rooms of 25 all lose their connections at once and come back.',
    script: 'reconnect-storm',
    peers: 500,
    peersPerRoom: 25,
    joinsPerSecond: 50,
    durationSeconds: 20,
    requestsPerSecond: 0,
  },
];
