/** Benchmarks of the phone gateway: `npm run bench -- sip-…`. */
import { measureCalls } from './calls.ts';
import { measureCost } from './cost.ts';
import { measureDelay } from './delay.ts';
import type { PhoneReport } from './figures.ts';
import { measurePacing } from './pacing.ts';
import type { ServerWithPhones } from './room-call.ts';
import { measureTones } from './tones.ts';

export type { PhoneFigure, PhoneReport } from './figures.ts';
export { type Listen, PhonesLoad } from './phones-load.ts';
export type { ServerWithPhones } from './room-call.ts';

export interface PhoneScenario {
  name: string;
  description: string;
  /** Default duration of the measurement, in seconds. */
  durationSeconds: number;
  /** Whether it needs a running server. */
  needsServer: boolean;
  measure(options: { seconds: number; server: ServerWithPhones | undefined }): Promise<PhoneReport>;
}

export const PHONE_SCENARIOS: readonly PhoneScenario[] = [
  {
    name: 'sip-pacing',
    description: '100 phones in 25 rooms: how late their packets leave.',
    durationSeconds: 30,
    needsServer: false,
    measure: ({ seconds }) => measurePacing({ seconds, threads: 0 }),
  },
  {
    name: 'sip-delay',
    description: 'A phone in a room, through a whole server: delay of tones, both ways.',
    durationSeconds: 45,
    needsServer: true,
    measure: ({ seconds, server }) => {
      if (!server) {
        throw new TypeError('sip-delay needs a server');
      }
      return measureDelay(server, { seconds });
    },
  },
  {
    name: 'sip-calls',
    description:
      'Calls set up and ended at 50 a second; 100 calls in 4 rooms; the same while 1,000 a second are offered.',
    durationSeconds: 60,
    needsServer: true,
    measure: ({ seconds, server }) => {
      if (!server) {
        throw new TypeError('sip-calls needs a server');
      }
      return measureCalls(server, { seconds });
    },
  },
  {
    name: 'sip-cost',
    description: 'CPU of a two-way PCMU call with Opus in the room, alternating with rtpengine.',
    durationSeconds: 60,
    needsServer: false,
    measure: measureCost,
  },
  {
    name: 'sip-tones',
    description: 'SNR of tones through each codec, in packets.',
    durationSeconds: 1,
    needsServer: false,
    measure: measureTones,
  },
];
