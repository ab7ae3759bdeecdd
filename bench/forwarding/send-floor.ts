import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Cores } from './cores.ts';
import { cProgram } from './programs.ts';

/** What the kernel alone takes to send a datagram over loopback, in microseconds of CPU. */
export interface SendFloor {
  /** One `sendto()` per datagram. */
  sendtoUs: number;
  /** One `sendmsg()` with UDP_SEGMENT for each burst to a destination; 0 where the kernel lacks that. */
  segmentsUs: number;
}

/** Datagrams to one destination in a burst, as in a frame of video. */
export const FLOOR_BURST = 7;
const SOCKETS = 60;

/** Measures for three seconds. @param bytes - size of the datagrams */
export async function sendFloor(bytes: number, cores: Cores | undefined): Promise<SendFloor> {
  const program = await cProgram('send-floor');
  const { worker = -1, load = [-1] } = cores ?? {};
  const args = [bytes, SOCKETS, FLOOR_BURST, worker, load[0] ?? -1].map((value) => `${value}`);
  const { stdout } = await promisify(execFile)(program, args);
  const [sendtoUs = Number.NaN, segmentsUs = Number.NaN] = stdout.trim().split(' ').map(Number);
  return { sendtoUs, segmentsUs };
}
