import { isIPv4 } from 'node:net';
import { addressBytes } from '../../base/index.ts';
import type { SeenMessage } from '../sip/index.ts';

/** Chunk types of HEP3 with the vendor id 0, and their values. */
const CHUNK = {
  family: 1,
  protocol: 2,
  sourceV4: 3,
  destinationV4: 4,
  sourceV6: 5,
  destinationV6: 6,
  sourcePort: 7,
  destinationPort: 8,
  seconds: 9,
  microseconds: 10,
  payloadType: 11,
  captureId: 12,
  password: 14,
  payload: 15,
} as const;
const AF_INET = 2;
/** As on Linux, which every capture server expects. */
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const PAYLOAD_SIP = 1;
const CHUNK_HEADER_BYTES = 6;
const HEADER_BYTES = 6;
/** Maximum length of a packet: its length field and a UDP datagram allow little more. */
const MAX_BYTES = 65_000;

export interface HepCapture {
  message: SeenMessage;
  /** When it was received or sent, as Unix time in milliseconds. */
  atMs: number;
  /** Identifies this gateway to the capture server. */
  captureId: number;
  password?: string | undefined;
}

/** A packet of the Homer Encapsulation Protocol, version 3: the message with its addresses and time. A message that is too long is cut off. */
export function hepPacket({ message, atMs, captureId, password }: HepCapture): Buffer {
  const { sent, overTcp, local, remote, bytes } = message;
  const [source, destination] = sent ? [local, remote] : [remote, local];
  const isV4 = isIPv4(source.address) && isIPv4(destination.address);
  const microseconds = Math.round(atMs * 1000);
  const chunks = [
    chunk(CHUNK.family, uint8(isV4 ? AF_INET : AF_INET6)),
    chunk(CHUNK.protocol, uint8(overTcp ? IPPROTO_TCP : IPPROTO_UDP)),
    chunk(isV4 ? CHUNK.sourceV4 : CHUNK.sourceV6, hepAddress(source.address, isV4)),
    chunk(isV4 ? CHUNK.destinationV4 : CHUNK.destinationV6, hepAddress(destination.address, isV4)),
    chunk(CHUNK.sourcePort, uint16(source.port)),
    chunk(CHUNK.destinationPort, uint16(destination.port)),
    chunk(CHUNK.seconds, uint32(Math.floor(microseconds / 1e6))),
    chunk(CHUNK.microseconds, uint32(microseconds % 1e6)),
    chunk(CHUNK.payloadType, uint8(PAYLOAD_SIP)),
    chunk(CHUNK.captureId, uint32(captureId)),
    ...(password === undefined ? [] : [chunk(CHUNK.password, Buffer.from(password))]),
  ];
  const used = chunks.reduce((sum, { length }) => sum + length, HEADER_BYTES + CHUNK_HEADER_BYTES);
  const payload = chunk(CHUNK.payload, bytes.subarray(0, MAX_BYTES - used));
  const header = Buffer.from('HEP3\0\0', 'latin1');
  header.writeUInt16BE(used - CHUNK_HEADER_BYTES + payload.length, 4);
  return Buffer.concat([header, ...chunks, payload]);
}

function chunk(type: number, value: Uint8Array): Buffer {
  const header = Buffer.alloc(CHUNK_HEADER_BYTES);
  header.writeUInt16BE(type, 2);
  header.writeUInt16BE(CHUNK_HEADER_BYTES + value.length, 4);
  return Buffer.concat([header, value]);
}

function uint8(value: number): Buffer {
  return Buffer.from([value]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An IPv4 address in 4 bytes; or any address in 16, IPv4 as mapped. */
function hepAddress(address: string, isV4: boolean): Uint8Array {
  const bytes = addressBytes(address);
  return isV4 || bytes.length === 16 ? bytes : addressBytes(`::ffff:${address}`);
}
